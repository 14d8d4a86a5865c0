package junk

import (
	"context"
	"fmt"
	"time"

	"letterbox/database"
	"letterbox/store"
)

// Lessons are forgotten when they are old, as junk changes with the seasons; but
// never so many that nothing is left to judge by.
const (
	lessonLife = 400 * 24 * time.Hour
	leftOver   = 200 // of each class
	forgetStep = 100 // lessons in one transaction
)

// Tidy forgets lessons, senders and answers that are too old, and senders that are
// too many: a night's work.
func (f *Filter) Tidy(ctx context.Context) error {
	now := f.now()
	for more := true; more; {
		var err error
		if more, err = f.forgetLessons(ctx, now); err != nil {
			return fmt.Errorf("forget lessons: %w", err)
		}
	}
	for _, statement := range []struct {
		query string
		args  []any
	}{
		{`DELETE FROM arrived WHERE (account, ref) IN (SELECT account, ref FROM arrived WHERE at < ? LIMIT 1000)`,
			[]any{now.Add(-refLife).Unix()}},
		{`DELETE FROM sender WHERE (account, name) IN (SELECT account, name FROM sender WHERE last_at < ? LIMIT 1000)`,
			[]any{now.Add(-senderLife).Unix()}},
		{`DELETE FROM sender WHERE (account, name) IN (SELECT account, name FROM (
			SELECT account, name, row_number() OVER (PARTITION BY account ORDER BY last_at DESC, name) AS place FROM sender)
			WHERE place > ? LIMIT 1000)`,
			[]any{maxSenders}},
	} {
		if err := f.repeat(ctx, statement.query, statement.args...); err != nil {
			return err
		}
	}
	return nil
}

// repeat runs a statement that removes a bounded number of rows until none is left.
func (f *Filter) repeat(ctx context.Context, query string, args ...any) error {
	for {
		var gone int64
		err := f.db.Write(ctx, func(tx *database.Tx) error {
			res, err := tx.Exec(query, args...)
			if err != nil {
				return err
			}
			gone, err = res.RowsAffected()
			return err
		})
		if err != nil || gone == 0 {
			return err
		}
	}
}

// forgetLessons forgets some, and says whether there may be more.
func (f *Filter) forgetLessons(ctx context.Context, now time.Time) (more bool, err error) {
	f.learning.Lock()
	defer f.learning.Unlock()
	var gone []keptLesson
	err = f.db.Write(ctx, func(tx *database.Tx) (err error) {
		gone, err = dropAll(tx, now.Unix(), selectLesson+`WHERE id IN (
			SELECT id FROM (SELECT id, learned_at, row_number() OVER (PARTITION BY account, junk ORDER BY id DESC) AS place FROM lesson)
			WHERE place > ? AND learned_at < ? LIMIT ?)`, leftOver, now.Add(-lessonLife).Unix(), forgetStep)
		return err
	})
	for _, k := range gone {
		f.apply(change{gone: []keptLesson{k}})
	}
	return err == nil && len(gone) == forgetStep, err
}

// Forget removes all that was learned by an account, and its exceptions.
func (f *Filter) Forget(ctx context.Context, id store.AccountID) error {
	f.learning.Lock()
	defer f.learning.Unlock()
	for _, query := range []string{
		`DELETE FROM lesson WHERE id IN (SELECT id FROM lesson WHERE account = ? LIMIT 100)`,
		`DELETE FROM sender WHERE account = ?1 AND name IN (SELECT name FROM sender WHERE account = ?1 LIMIT 1000)`,
		`DELETE FROM sender_rule WHERE account = ?1 AND pattern IN (SELECT pattern FROM sender_rule WHERE account = ?1 LIMIT 1000)`,
		`DELETE FROM arrived WHERE account = ?1 AND ref IN (SELECT ref FROM arrived WHERE account = ?1 LIMIT 1000)`,
	} {
		if err := f.repeat(ctx, query, int64(id)); err != nil {
			return fmt.Errorf("forget what account %d has learned about junk: %w", id, err)
		}
	}
	f.accounts.forget(id)
	f.accounts.forget(everybody)
	return nil
}

package junk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"letterbox/database"
	"letterbox/store"
)

// Where a lesson comes from.
const (
	sourceSaid    = "said"    // somebody moved, marked or answered the message
	sourceTrained = "trained" // by command
	sourceKnown   = "known"   // of somebody whom its owner writes to
	sourceKept    = "kept"    // read, and kept
)

// A keptLesson is a lesson as it stands in the database.
type keptLesson struct {
	Lesson
	id      int64
	account store.AccountID
	message store.MessageID
	source  string
	senders []string // that it counts for
	amends  bool     // the message was judged to be something else when it came; not kept
}

const selectLesson = `SELECT id, account, message, junk, source, features, senders FROM lesson `

type scanner interface{ Scan(...any) error }

func scanLesson(row scanner) (k keptLesson, err error) {
	var junk bool
	var features []byte
	var senders string
	if err := row.Scan(&k.id, &k.account, &k.message, &junk, &k.source, &features, &senders); err != nil {
		return k, err
	}
	k.Class = classOf(junk)
	if senders != "" {
		k.senders = strings.Split(senders, "\n")
	}
	if k.Numbers, err = DecodeLesson(features); err != nil {
		return k, fmt.Errorf("lesson %d: %w", k.id, err)
	}
	return k, nil
}

func classOf(junk bool) Class {
	if junk {
		return Junk
	}
	return Wanted
}

// lessons reads those of an account, the oldest first; of everybody, the latest of
// all. One that is damaged teaches nothing.
func (f *Filter) lessons(ctx context.Context, id store.AccountID) (list []keptLesson, err error) {
	err = f.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(selectLesson+`WHERE account = ? ORDER BY id DESC LIMIT ?`, int64(id), 2*maxLessons)
		if id == everybody {
			rows, err = c.Query(selectLesson+`ORDER BY id DESC LIMIT ?`, maxShared)
		}
		if err != nil {
			return err
		}
		for rows.Next() {
			k, err := scanLesson(rows)
			if errors.Is(err, errBadLesson) {
				f.log.WarnContext(ctx, "a lesson about junk is damaged; it teaches nothing", "error", err)
				continue
			}
			if err != nil {
				return err
			}
			list = append(list, k)
		}
		return rows.Err()
	})
	slices.Reverse(list)
	return list, err
}

// A change is what keeping a lesson did.
type change struct {
	added keptLesson
	gone  []keptLesson // that it replaces, or that are one too many
}

// keep writes a lesson down in place of what the message taught before, and the
// reputation of its senders with it. It does nothing when the message taught the
// same before.
func keep(tx *database.Tx, k keptLesson, now int64) (done change, err error) {
	before, err := scanLesson(tx.QueryRow(selectLesson+`WHERE account = ? AND message = ?`, int64(k.account), int64(k.message)))
	switch {
	case errors.Is(err, errBadLesson) || err == nil && before.Class != k.Class:
		if err := drop(tx, before, now); err != nil {
			return done, err
		}
		done.gone = append(done.gone, before)
	case err == nil:
		return done, nil
	case !errors.Is(err, sql.ErrNoRows):
		return done, err
	}
	res, err := tx.Exec(`INSERT INTO lesson (account, message, junk, source, features, senders, learned_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		int64(k.account), int64(k.message), k.Class == Junk, k.source, EncodeLesson(k.Numbers), strings.Join(k.senders, "\n"), now)
	if err != nil {
		return done, err
	}
	if k.id, err = res.LastInsertId(); err != nil {
		return done, err
	}
	done.added = k
	if err := credit(tx, k, 1, now); err != nil {
		return done, err
	}
	more, err := dropOldest(tx, k, now)
	done.gone = append(done.gone, more...)
	return done, err
}

// dropOldest keeps to the number of lessons that an account may have of a class.
func dropOldest(tx *database.Tx, k keptLesson, now int64) (gone []keptLesson, err error) {
	var oldest int64
	err = tx.QueryRow(`SELECT coalesce((SELECT id FROM lesson WHERE account = ? AND junk = ? ORDER BY id DESC LIMIT 1 OFFSET ?), 0)`,
		int64(k.account), k.Class == Junk, maxLessons).Scan(&oldest)
	if err != nil || oldest == 0 {
		return nil, err
	}
	return dropAll(tx, now, selectLesson+`WHERE account = ? AND junk = ? AND id <= ?`, int64(k.account), k.Class == Junk, oldest)
}

// dropAll gives up the lessons of a query.
func dropAll(tx *database.Tx, now int64, query string, args ...any) (gone []keptLesson, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		k, err := scanLesson(rows)
		if err != nil && !errors.Is(err, errBadLesson) {
			return nil, err
		}
		gone = append(gone, k)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, k := range gone {
		if err := drop(tx, k, now); err != nil {
			return nil, err
		}
	}
	return gone, nil
}

// drop gives up a lesson, and what it counted for its senders.
func drop(tx *database.Tx, k keptLesson, now int64) error {
	if _, err := tx.Exec(`DELETE FROM lesson WHERE id = ?`, k.id); err != nil {
		return err
	}
	return credit(tx, k, -1, now)
}

// credit counts a lesson for its senders, or takes it back.
func credit(tx *database.Tx, k keptLesson, by int, now int64) error {
	wanted, junk := by, 0
	if k.Class == Junk {
		wanted, junk = 0, by
	}
	for _, name := range k.senders {
		_, err := tx.Exec(`
			INSERT INTO sender (account, name, wanted, junk, last_at) VALUES (?1, ?2, max(0, ?3), max(0, ?4), ?5)
			ON CONFLICT (account, name) DO UPDATE SET wanted = max(0, wanted + ?3), junk = max(0, junk + ?4), last_at = max(last_at, ?5)`,
			int64(k.account), name, wanted, junk, now)
		if err != nil {
			return err
		}
	}
	return nil
}

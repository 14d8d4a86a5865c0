package queue

import (
	"context"
	"fmt"
	"time"

	"letterbox/database"
)

// Retry lets a message be tried now, and takes it out of hold. Its warning and
// its end stay when they were. ErrNotFound.
func (q *Queue) Retry(ctx context.Context, id int64) error {
	now := time.Now().Unix()
	n, err := q.change(ctx, id, `
		UPDATE outbound_recipient SET state = 'waiting', next_at = ?2 WHERE outbound = ?1 AND state IN ('waiting', 'held')`, now)
	if err == nil {
		q.Log.InfoContext(ctx, "to be tried now", "queue_id", id, "recipients", n)
		q.bell.ring()
	}
	return err
}

// RetryAll is Retry for everything that waits. What is held stays held.
func (q *Queue) RetryAll(ctx context.Context) error {
	err := q.DB.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE outbound_recipient SET next_at = ?1 WHERE state = 'waiting' AND next_at > ?1`, time.Now().Unix())
		return err
	})
	if err != nil {
		return fmt.Errorf("retry everything: %w", err)
	}
	q.bell.ring()
	return nil
}

// Hold keeps a message in the queue until somebody retries it. ErrNotFound.
func (q *Queue) Hold(ctx context.Context, id int64) error {
	n, err := q.change(ctx, id, `UPDATE outbound_recipient SET state = 'held' WHERE outbound = ?1 AND state = 'waiting'`)
	if err == nil {
		q.Log.InfoContext(ctx, "held in the queue", "queue_id", id, "recipients", n)
	}
	return err
}

// HoldAll keeps everything back that waits in a database, before anybody serves
// it: in one that comes from a copy, mail waits that has left since. It takes
// databases of every version.
func HoldAll(ctx context.Context, db *database.DB) (recipients int64, err error) {
	err = db.Write(ctx, func(tx *database.Tx) error {
		res, err := tx.Exec(`UPDATE outbound_recipient SET state = 'held' WHERE state = 'waiting'`)
		if err != nil {
			return err
		}
		recipients, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("hold the queue: %w", err)
	}
	return recipients, nil
}

// change updates recipients of one message and returns how many.
func (q *Queue) change(ctx context.Context, id int64, update string, args ...any) (n int64, err error) {
	err = q.DB.Write(ctx, func(tx *database.Tx) error {
		var there bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM outbound WHERE id = ?)`, id).Scan(&there); err != nil {
			return err
		}
		if !there {
			return ErrNotFound
		}
		res, err := tx.Exec(update, append([]any{id}, args...)...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

package queue

import (
	"context"
	"database/sql"
	"errors"

	"letterbox/database"
	"letterbox/store"
)

// Drop removes a queued message for good, and nobody is told; ErrNotFound. An
// attempt under way is not called back.
func (q *Queue) Drop(ctx context.Context, id int64) error {
	err := q.DB.Write(ctx, func(tx *database.Tx) error {
		var held int64
		err := tx.QueryRow(`DELETE FROM outbound WHERE id = ? RETURNING held`, id).Scan(&held)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		return q.Store.ReleaseHeld(tx, store.HeldID(held)) // the recipients go with the message
	})
	if err != nil {
		return err
	}
	q.Log.InfoContext(ctx, "dropped from the queue", "queue_id", id)
	return nil
}

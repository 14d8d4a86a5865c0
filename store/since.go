package store

import (
	"context"
	"fmt"

	"letterbox/database"
)

// LastMessage returns the highest id that was given to a message in a database of
// any version; ids are never given twice.
func LastMessage(ctx context.Context, db *database.DB) (last MessageID, err error) {
	err = db.Read(ctx, func(c *database.Conn) error {
		return c.QueryRow(`SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'message'`).Scan(&last)
	})
	if err != nil {
		return 0, fmt.Errorf("find the last message: %w", err)
	}
	return last, nil
}

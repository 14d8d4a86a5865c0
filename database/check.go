package database

import (
	"context"
	"errors"
	"fmt"
)

// Check looks at every page of the database and returns ErrDamaged, with what
// it found, when something is wrong. It takes seconds per gigabyte and delays
// nobody but one reader; for the nightly check.
func (db *DB) Check(ctx context.Context) error {
	conn, err := db.takeReader(ctx)
	if err != nil {
		return err
	}
	defer func() { db.readers <- conn }()
	return quickCheck(ctx, conn)
}

// checkFile refuses a damaged file before anything is written to it. After a
// clean end only its first pages are read, so that starting stays quick; the
// nightly check looks at the rest.
func checkFile(ctx context.Context, c *connection, unclean bool) error {
	if unclean {
		return quickCheck(ctx, c)
	}
	var tables int
	return c.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
}

func quickCheck(ctx context.Context, c *connection) error {
	rows, err := c.conn.QueryContext(ctx, "PRAGMA quick_check(10)")
	if err != nil {
		return explain(err)
	}
	defer rows.Close()
	var found []error
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			found = append(found, errors.New(line))
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("check database: %w", explain(err))
	}
	if len(found) > 0 {
		return damaged(errors.Join(found...))
	}
	return nil
}

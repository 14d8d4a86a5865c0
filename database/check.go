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
	defer db.readers.put(conn)
	return quickCheck(ctx, conn)
}

// alwaysCheck is up to which size, in bytes, every start looks at all pages.
const alwaysCheck = 16 << 20

// checkFile refuses a damaged file before anything is written to it. Of a large
// one that was closed properly only the first pages are read, so that starting
// stays quick; the nightly check looks at the rest.
func checkFile(ctx context.Context, c *connection, unclean bool) error {
	var tables, size int64
	if err := c.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	err := c.conn.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&size)
	if err != nil {
		return err
	}
	if unclean || size <= alwaysCheck {
		return quickCheck(ctx, c)
	}
	return nil
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

package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Image runs fn in a read transaction on a connection of its own, so that the
// usual readers stay free: for Pages. The writer goes on meanwhile, but the WAL
// cannot begin anew before fn returns; fn should wait for nothing slow.
func (db *DB) Image(ctx context.Context, fn func(c *Conn) error) (err error) {
	select {
	case <-db.closing:
		return ErrClosed
	default:
	}
	conn, err := connect(ctx, db.source)
	if err != nil {
		return fmt.Errorf("read the database whole: %w", explain(err))
	}
	db.writer.images.Add(1)
	defer db.writer.images.Add(-1)
	c := &Conn{ctx: ctx, conn: conn}
	defer func() { err = errors.Join(err, c.end(), conn.close()) }()
	if _, err := conn.exec("BEGIN DEFERRED"); err != nil {
		return fmt.Errorf("begin reading: %w", explain(err))
	}
	return explain(fn(c))
}

// Pages calls fn with every page of the database file in order, as of the
// transaction's commit: written one behind the other they are the database. A
// page is valid within fn only.
//
// Against VACUUM INTO this takes half the time and leaves every page where it
// is, so that two images differ only in the pages that were changed between them.
func (c *Conn) Pages(fn func(page []byte) error) error {
	rows, err := c.conn.query(c.ctx, `SELECT pgno, data FROM sqlite_dbpage('main') ORDER BY pgno`, nil)
	if err != nil {
		return explain(err)
	}
	defer rows.Close()
	var number, last int64
	var page sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&number, &page); err != nil {
			return explain(err)
		}
		if last++; number != last {
			return fmt.Errorf("read page %d: got page %d", last, number)
		}
		if err := fn(page); err != nil {
			return err
		}
	}
	return explain(rows.Err())
}

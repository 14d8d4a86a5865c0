package database

import (
	"context"
	"database/sql/driver"
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
	var last int64
	return c.Each(func(row []driver.Value) error {
		number, page, err := pageOf(row)
		if err != nil {
			return err
		}
		if last++; number != last {
			return fmt.Errorf("read page %d: got page %d", last, number)
		}
		return fn(page)
	}, `SELECT pgno, data FROM sqlite_dbpage('main') ORDER BY pgno`)
}

func pageOf(row []driver.Value) (number int64, page []byte, err error) {
	number, isNumber := row[0].(int64)
	page, isPage := row[1].([]byte)
	if !isNumber || !isPage {
		return 0, nil, fmt.Errorf("read the database whole: a page is %T %T", row[0], row[1])
	}
	return number, page, nil
}

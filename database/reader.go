package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Conn is a reading transaction: every query in it sees the same commit. It is
// valid only within the function it was given to.
type Conn struct {
	ctx  context.Context
	conn *connection
	rows []*sql.Rows
}

// Query runs a prepared statement, cached by its text. It is interrupted when
// the context of Read ends. Rows that are still open when Read's function
// returns are closed then.
func (c *Conn) Query(query string, args ...any) (*sql.Rows, error) {
	rows, err := c.conn.query(c.ctx, query, args)
	if err != nil {
		return nil, explain(err)
	}
	c.rows = append(c.rows, rows)
	return rows, nil
}

// QueryRow is Query for one row. It is for look-ups, which end by themselves: it
// is not interrupted, as that would cost half as much as the look-up. The Row
// must be scanned.
func (c *Conn) QueryRow(query string, args ...any) *sql.Row {
	return c.conn.queryRow(context.Background(), query, args)
}

// Read runs fn on a reader, inside one read transaction. fn must not write to a
// socket: gather what is needed, then return. Waiting for a free reader ends
// with ctx; a query that runs is interrupted when ctx ends.
func (db *DB) Read(ctx context.Context, fn func(c *Conn) error) (err error) {
	conn, err := db.takeReader(ctx)
	if err != nil {
		return err
	}
	c := &Conn{ctx: ctx, conn: conn}
	defer func() {
		if end := c.end(); end != nil {
			err = errors.Join(err, fmt.Errorf("end reading: %w", end))
		}
		db.readers.put(conn)
	}()
	if _, err := conn.exec("BEGIN DEFERRED"); err != nil {
		return fmt.Errorf("begin reading: %w", explain(err))
	}
	return explain(fn(c))
}

func (db *DB) takeReader(ctx context.Context) (*connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-db.closing:
		return nil, ErrClosed
	default:
	}
	select {
	case <-db.readers.free:
		return db.readers.take(), nil
	case <-db.closing:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// end leaves the transaction, also after a panic in the function.
func (c *Conn) end() error {
	for _, r := range c.rows {
		r.Close()
	}
	_, err := c.conn.exec("ROLLBACK")
	c.conn.trim()
	return err
}

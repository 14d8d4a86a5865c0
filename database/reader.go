package database

import (
	"context"
	"database/sql"
)

// Conn is a reading transaction: every query in it sees the same commit.
type Conn struct {
	conn *conn
	ctx  context.Context
}

// Query runs a query, prepared once for its text.
func (c *Conn) Query(query string, args ...any) (*sql.Rows, error) {
	return c.conn.query(c.ctx, query, args...)
}

// QueryRow is Query for one row.
func (c *Conn) QueryRow(query string, args ...any) *sql.Row {
	return c.conn.queryRow(c.ctx, query, args...)
}

// Read runs fn on a reader, inside one read transaction. fn must not write to a
// socket: gather what is needed, then return. Waiting for a free reader ends
// with ctx; a query that runs is interrupted when ctx ends.
func (db *DB) Read(ctx context.Context, fn func(c *Conn) error) error {
	var c *conn
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-db.closed:
		return ErrClosed
	case c = <-db.readers:
	}
	defer func() { db.readers <- c }()
	if _, err := c.exec("BEGIN"); err != nil {
		return explain("begin to read", err)
	}
	defer c.exec("ROLLBACK")
	return explainKeep(fn(&Conn{conn: c, ctx: ctx}))
}

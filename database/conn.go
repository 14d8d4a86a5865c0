package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "modernc.org/sqlite" // the driver
)

// maxStatements bounds what a connection keeps prepared.
const maxStatements = 256

// conn is one connection with its prepared statements, used by one goroutine at
// a time.
type conn struct {
	pool       *sql.DB // of one connection
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

func (db *DB) connect(ctx context.Context) (*conn, error) {
	pool, err := sql.Open("sqlite", db.dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool.SetMaxOpenConns(1)
	c, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(explain("open database", err), pool.Close())
	}
	return &conn{pool: pool, conn: c, statements: make(map[string]*sql.Stmt)}, nil
}

func (c *conn) close() error {
	c.forget()
	return errors.Join(c.conn.Close(), c.pool.Close())
}

func (c *conn) forget() {
	for _, s := range c.statements {
		s.Close()
	}
	clear(c.statements)
}

// prepared returns the statement for a text, prepared once.
func (c *conn) prepared(query string) (*sql.Stmt, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	if len(c.statements) >= maxStatements {
		c.forget()
	}
	s, err := c.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	c.statements[query] = s
	return s, nil
}

func (c *conn) exec(query string, args ...any) (sql.Result, error) {
	s, err := c.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.Exec(args...)
}

func (c *conn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := c.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// queryRow goes unprepared when preparing fails: the row then carries the error.
func (c *conn) queryRow(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := c.prepared(query)
	if err != nil {
		return c.conn.QueryRowContext(ctx, query, args...)
	}
	return s.QueryRowContext(ctx, args...)
}

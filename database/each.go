package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// Each runs a prepared statement, cached by its text, and calls fn with the
// values of each row as the driver has them: int64, string, []byte or nil. It is
// Query for thousands of rows: database/sql would spend as much on handing them
// on as SQLite on reading them. The slice is valid until fn returns, what is in
// it longer. fn must not use the connection; its error ends it and is returned.
// When Read's context ends it ends with the next row: for queries that sort or
// add up before there is one, Query is interrupted sooner.
func (c *Conn) Each(fn func(row []driver.Value) error, query string, args ...any) error {
	return explain(c.conn.each(c.ctx, fn, query, args))
}

// Each is that of Conn.
func (tx *Tx) Each(fn func(row []driver.Value) error, query string, args ...any) error {
	if tx.fatal != nil {
		return tx.fatal
	}
	return tx.note(tx.conn.each(context.Background(), fn, query, args))
}

func (c *connection) each(ctx context.Context, fn func([]driver.Value) error, query string, args []any) error {
	values, err := namedValues(args)
	if err != nil {
		return err
	}
	return c.conn.Raw(func(conn any) error {
		s, err := c.prepareDirect(conn, query)
		if err != nil {
			return err
		}
		rows, err := s.QueryContext(context.Background(), values) // to be interrupted costs a goroutine
		if err != nil {
			return err
		}
		return errors.Join(eachRow(ctx, rows, fn), rows.Close())
	})
}

func eachRow(ctx context.Context, rows driver.Rows, fn func([]driver.Value) error) error {
	row := make([]driver.Value, len(rows.Columns()))
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := fn(row); err != nil {
			return err
		}
	}
}

// directStmt is what the driver's statements can do.
type directStmt interface {
	driver.Stmt
	driver.StmtQueryContext
}

// prepareDirect is prepare for the driver's own statements.
func (c *connection) prepareDirect(conn any, query string) (directStmt, error) {
	if s := c.direct[query]; s != nil {
		return s, nil
	}
	preparer, ok := conn.(driver.ConnPrepareContext)
	if !ok {
		return nil, fmt.Errorf("the database driver's %T cannot prepare", conn)
	}
	s, err := preparer.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	direct, ok := s.(directStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the database driver's %T cannot query", s), s.Close())
	}
	c.direct[query] = direct
	return direct, nil
}

func namedValues(args []any) ([]driver.NamedValue, error) {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return values, nil
}

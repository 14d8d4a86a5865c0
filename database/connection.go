package database

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strconv"
)

// Cache sizes in KiB. SQLite in Go takes about twice its setting, and a
// Raspberry Pi has to hold all of them. Where memory is short they are a quarter.
const (
	writerCache = 4096
	readerCache = 1024
)

// cache is the pragma for a cache of so many KiB.
func (o *Options) cache(size int) string {
	if o.Small {
		size /= 4
	}
	return "cache_size(-" + strconv.Itoa(size) + ")"
}

// maxStatements bounds how many prepared statements a connection keeps.
const maxStatements = 256

// writerDSN and readerDSN name the file with the pragmas of each kind.
//
// The driver runs pragmas in alphabetical order. The page size is SQLite's own
// 4 KiB. Checkpoints are the writer's business, between commits and not in
// them, therefore no wal_autocheckpoint.
func writerDSN(path string, o Options) string {
	return dsn(path, o.VFS,
		"busy_timeout(10000)", // another process, such as a command, may be writing
		o.cache(writerCache),
		"foreign_keys(1)",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"temp_store(MEMORY)",
		"wal_autocheckpoint(0)",
	)
}

func readerDSN(path string, o Options) string {
	return dsn(path, o.VFS,
		"busy_timeout(10000)",
		o.cache(readerCache),
		"query_only(1)",
		"synchronous(FULL)",
		"temp_store(MEMORY)",
		"wal_autocheckpoint(0)",
	)
}

func dsn(path, vfs string, pragmas ...string) string {
	q := url.Values{"_pragma": pragmas}
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	return "file:" + url.PathEscape(path) + "?" + q.Encode()
}

// hasWAL reports whether the last process that had the database open did not
// come to close it: closing removes the WAL.
func hasWAL(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}

// connection is one connection to the file with its prepared statements. It is
// used by one goroutine at a time.
type connection struct {
	pool     *sql.DB // of this one connection
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
	direct   map[string]directStmt // those of Each
}

func connect(ctx context.Context, dsn string) (*connection, error) {
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &connection{pool: pool, conn: conn, prepared: map[string]*sql.Stmt{}, direct: map[string]directStmt{}}, nil
}

// prepare returns the statement of that text. An unprepared look-up costs half
// as much again.
func (c *connection) prepare(query string) (*sql.Stmt, error) {
	if s := c.prepared[query]; s != nil {
		return s, nil
	}
	s, err := c.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	c.prepared[query] = s
	return s, nil
}

func (c *connection) exec(query string, args ...any) (sql.Result, error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return s.Exec(args...)
}

func (c *connection) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (c *connection) queryRow(ctx context.Context, query string, args []any) *sql.Row {
	s, err := c.prepare(query)
	if err != nil {
		// Only database/sql can make a Row that carries an error, and preparing
		// there fails in the same way.
		return c.conn.QueryRowContext(ctx, query, args...)
	}
	return s.QueryRowContext(ctx, args...)
}

// trim forgets the statements when there are too many. It must not be called
// while rows are open: closing a statement pulls it from under them.
func (c *connection) trim() {
	if len(c.prepared)+len(c.direct) > maxStatements {
		c.forget()
	}
}

// forget closes the statements.
func (c *connection) forget() {
	for _, s := range c.prepared {
		s.Close()
	}
	for _, s := range c.direct {
		s.Close()
	}
	clear(c.prepared)
	clear(c.direct)
}

func (c *connection) close() error {
	c.forget()
	return errors.Join(c.conn.Close(), c.pool.Close())
}

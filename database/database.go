// Package database opens letterbox.db: pragmas, migrations, the one writer with
// group commit, the readers. It knows no table but its own version number.
//
// Concurrency: one goroutine owns the writing connection. Write hands it a
// function and waits; what gathers while a commit is being flushed shares the
// next one. Readers are a small pool, each sees the last commit.
package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
)

// Options of Open.
type Options struct {
	Log     *slog.Logger
	Readers int    // 0: 4
	VFS     string // of SQLite, registered before; "": the operating system's
}

// DB is the open database.
type DB struct {
	log     *slog.Logger
	dsn     string
	jobs    chan *job
	closing chan struct{}
	closed  chan struct{} // the writer has ended
	readers chan *conn
	writer  *writer
}

// Open opens or creates the file at path, runs the migrations it lacks, and
// starts the writer. It refuses, with a text that says what to do, a database
// newer than this program and one that is damaged.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Readers == 0 {
		o.Readers = 4
	}
	if err := create(path); err != nil {
		return nil, err
	}
	db := &DB{
		log:     o.Log,
		dsn:     dsn(path, o.VFS),
		jobs:    make(chan *job, maxBatch),
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
		readers: make(chan *conn, o.Readers),
	}
	writing, err := db.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, writing); err != nil {
		return nil, errors.Join(err, writing.close())
	}
	for range o.Readers {
		reading, err := db.connect(ctx)
		if err != nil {
			return nil, errors.Join(err, writing.close(), db.closeReaders())
		}
		db.readers <- reading
	}
	db.writer = &writer{db: db, conn: writing}
	go db.writer.run()
	return db, nil
}

// create makes the file private before SQLite opens it with the umask's rights.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	return file.Close()
}

// dsn names the file with the pragmas that every connection needs. The driver
// runs them in alphabetical order.
func dsn(path, vfs string) string {
	q := url.Values{"_pragma": {
		"busy_timeout(10000)",
		"cache_size(-2000)", // kB; the driver takes about twice that
		"foreign_keys(1)",
		"journal_mode(WAL)",
		"journal_size_limit(16777216)",
		"page_size(4096)",
		"synchronous(FULL)",
		"temp_store(MEMORY)",
		"wal_autocheckpoint(2000)",
	}}
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: q.Encode()}).String()
}

// Close ends the writer after the jobs it has, checkpoints and closes.
func (db *DB) Close() error {
	close(db.closing)
	<-db.closed
	return errors.Join(db.closeReaders(), db.writer.close())
}

// closeReaders waits for reads under way.
func (db *DB) closeReaders() (err error) {
	for range cap(db.readers) {
		select {
		case c := <-db.readers:
			err = errors.Join(err, c.close())
		default:
			if db.writer == nil { // Open failed half way
				return err
			}
			c := <-db.readers
			err = errors.Join(err, c.close())
		}
	}
	return err
}

// Stats counts since Open.
type Stats struct {
	Commits, Jobs, Failed int64
	Largest               int64 // jobs in one commit
}

// Stats returns the writer's counts.
func (db *DB) Stats() Stats {
	w := db.writer
	return Stats{Commits: w.commits.Load(), Jobs: w.done.Load(), Failed: w.failed.Load(), Largest: w.largest.Load()}
}

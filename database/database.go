// Package database opens letterbox.db: pragmas, migrations, the one writer with
// group commit, the readers. It knows no table but its own version number.
//
// Concurrency: one goroutine owns the writing connection. Write hands it a
// function and waits; what gathers while a commit is being flushed shares the
// next one. Readers are a small pool, each sees the last commit.
//
// A commit is on disk (synchronous=FULL) before Write returns. After a crash
// everything acknowledged is there; what was not acknowledged may be there too,
// whole or not at all.
package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"modernc.org/sqlite"
)

// Options of Open.
type Options struct {
	Log     *slog.Logger // nil: discarded
	Readers int          // 0: 4, or 2
	AsIs    bool         // leave the schema at the version that the file has: for an older program
	Small   bool         // there is little memory: small caches, few readers
	VFS     string       // SQLite's name of the file layer; "": the operating system's
}

// DB is the open database.
type DB struct {
	log     *slog.Logger
	source  string // DSN of a reader
	writer  *writer
	readers *readers      // those that are free
	closing chan struct{} // closed when Close begins

	submitting sync.RWMutex // held while a job is handed over; Close takes it to end that
	closed     bool         // guarded by submitting
}

// Open opens or creates the file at path, runs the migrations it lacks, and
// starts the writer. It refuses, with a text that says what to do, a database
// newer than this program (ErrNewer) and one that is damaged (ErrDamaged).
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Readers <= 0 {
		o.Readers = 4
		if o.Small {
			o.Readers = 2
		}
	}
	if err := strengthenLocks(); err != nil {
		o.Log.Warn("database locks are weaker than wished", "error", err)
	}
	db := &DB{
		log:     o.Log,
		source:  readerDSN(path, o),
		readers: newReaders(o.Readers),
		closing: make(chan struct{}),
	}
	if err := db.open(ctx, path, o); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, explain(err))
	}
	go db.writer.run()
	return db, nil
}

// strengthenLocks comes before the first file is opened. POSIX locks vanish when
// anything in this process closes any handle of the file; locks of the open file
// description do not. Without them (an old kernel, another system) SQLite's usual
// ones must do.
func strengthenLocks() error {
	_, err := sqlite.OFDLocking(true)
	return err
}

// open connects the writer, brings the file up to date and connects the readers.
func (db *DB) open(ctx context.Context, path string, o Options) error {
	unclean := hasWAL(path)
	if err := create(path); err != nil {
		return err
	}
	conn, err := connect(ctx, writerDSN(path, o))
	if err != nil {
		return err
	}
	db.writer = newWriter(path, conn, func() (*connection, error) {
		return connect(context.Background(), writerDSN(path, o))
	}, o.Log)
	if o.AsIs {
		err = checkFile(ctx, conn, unclean)
	} else {
		err = prepareFile(ctx, conn, unclean)
	}
	for i := 0; i < o.Readers && err == nil; i++ {
		var reader *connection
		if reader, err = connect(ctx, readerDSN(path, o)); err == nil {
			db.readers.put(reader)
		}
	}
	if err != nil {
		return errors.Join(err, db.closeReaders(len(db.readers.free)), conn.close())
	}
	reserveWAL(path)
	return nil
}

// create makes the file private, which SQLite would open with the umask's rights.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// prepareFile refuses what cannot be served and runs the migrations.
func prepareFile(ctx context.Context, conn *connection, unclean bool) error {
	if err := checkFile(ctx, conn, unclean); err != nil {
		return err
	}
	all, err := migrations()
	if err != nil {
		return err
	}
	return migrate(ctx, conn, all)
}

// Close ends the writer after the jobs it has, checkpoints and closes. Reads
// under way are waited for.
func (db *DB) Close() error {
	db.submitting.Lock()
	if db.closed {
		db.submitting.Unlock()
		return nil
	}
	db.closed = true
	close(db.closing)
	close(db.writer.jobs)
	db.submitting.Unlock()

	<-db.writer.ended
	// The readers go first: the last one to close a WAL database removes the WAL,
	// and only the writer may write.
	return errors.Join(db.closeReaders(cap(db.readers.free)), db.writer.close())
}

// closeReaders waits for n readers and closes them.
func (db *DB) closeReaders(n int) error {
	var errs []error
	for range n {
		<-db.readers.free
		errs = append(errs, db.readers.take().close())
	}
	return errors.Join(errs...)
}

// Stats counts since Open.
type Stats struct {
	Commits int64 // transactions made durable
	Jobs    int64 // calls of Write in them
	Failed  int64 // calls of Write that ran and failed, or whose commit failed
	Largest int64 // jobs in the largest commit

	Checkpoints int64 // times the WAL was written back
	Reopened    int64 // times the writer connected anew after an I/O error
}

// Stats returns counts since Open.
func (db *DB) Stats() Stats {
	c := &db.writer.counts
	return Stats{
		Commits:     c.commits.Load(),
		Jobs:        c.jobs.Load(),
		Failed:      c.failed.Load(),
		Largest:     c.largest.Load(),
		Checkpoints: c.checkpoints.Load(),
		Reopened:    c.reopened.Load(),
	}
}

// Package database opens letterbox.db: pragmas, migrations, the one writer with
// group commit, the readers. It knows no table but its own version number.
//
// Concurrency: one goroutine owns the writing connection. Write hands it a
// function and waits; what gathers while a commit is being flushed shares the
// next one. Readers are a small pool, each sees the last commit.
package database

import (
	"context"
	"database/sql"
	"log/slog"
)

// Options of Open.
type Options struct {
	Log     *slog.Logger
	Readers int // 0: 4
}

// DB is the open database.
type DB struct{}

// Open opens or creates the file at path, runs the migrations it lacks, and
// starts the writer. It refuses, with a text that says what to do, a database
// newer than this program and one that is damaged.
func Open(ctx context.Context, path string, o Options) (*DB, error) { panic("stub") }

// Close ends the writer after the jobs it has, checkpoints and closes.
func (db *DB) Close() error { panic("stub") }

// Tx is the writing transaction as one job sees it. It is valid only within the
// function it was given to, on the writer's goroutine.
type Tx struct{}

// Exec, Query and QueryRow run prepared statements, cached by their text.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) { panic("stub") }
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) { panic("stub") }
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row        { panic("stub") }

// AfterCommit registers fn to run on the writer's goroutine after the commit is
// durable and before Write returns, in commit order: for views and wake-ups.
// It must be quick and must not call Write. It does not run when the job fails.
func (tx *Tx) AfterCommit(fn func()) { panic("stub") }

// Write runs fn in a transaction and returns once it is durable. Jobs that
// gather are committed together; each has its own savepoint, so that fn's error
// undoes fn alone and is returned as it is. When the commit itself fails, every
// job in it gets that error (ErrFull when the disk is full) and none counts.
// fn must not wait for anything but the database: it holds everybody.
// If ctx ends before fn began, fn never runs.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error { panic("stub") }

// Conn is a reading transaction: every query in it sees the same commit.
type Conn struct{}

func (c *Conn) Query(query string, args ...any) (*sql.Rows, error) { panic("stub") }
func (c *Conn) QueryRow(query string, args ...any) *sql.Row        { panic("stub") }

// Read runs fn on a reader, inside one read transaction. fn must not write to a
// socket: gather what is needed, then return. Waiting for a free reader ends
// with ctx; a query that runs is interrupted when ctx ends.
func (db *DB) Read(ctx context.Context, fn func(c *Conn) error) error { panic("stub") }

// Stats counts since Open.
type Stats struct {
	Commits, Jobs, Failed int64
}

func (db *DB) Stats() Stats { panic("stub") }

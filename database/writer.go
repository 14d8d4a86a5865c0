package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// A commit takes at most this many jobs, and none more once it is this old.
const (
	maxBatch = 256
	maxAge   = 20 * time.Millisecond
)

// idleAfter is how long nothing must happen before the log is folded into the
// database and truncated.
const idleAfter = 30 * time.Second

// A job is one Write.
type job struct {
	ctx   context.Context
	fn    func(*Tx) error
	after []func()
	err   error
	done  chan struct{}
}

// Tx is the writing transaction as one job sees it. It is valid only within the
// function it was given to, on the writer's goroutine.
type Tx struct {
	conn *conn
	job  *job
}

// Exec runs a statement, prepared once for its text.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) {
	return tx.conn.exec(query, args...)
}

// Query runs a query, prepared once for its text. Close the rows before the
// next statement that writes what they read.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	return tx.conn.query(context.Background(), query, args...)
}

// QueryRow is Query for one row.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	return tx.conn.queryRow(context.Background(), query, args...)
}

// AfterCommit registers fn to run on the writer's goroutine after the commit is
// durable and before Write returns, in commit order: for views and wake-ups.
// It must be quick and must not call Write. It does not run when the job fails.
func (tx *Tx) AfterCommit(fn func()) { tx.job.after = append(tx.job.after, fn) }

// Write runs fn in a transaction and returns once it is durable. Jobs that
// gather are committed together; each has its own savepoint, so that fn's error
// undoes fn alone and is returned as it is. When the commit itself fails, every
// job in it gets that error (ErrFull when the disk is full) and none counts.
// fn must not wait for anything but the database: it holds everybody.
// If ctx ends before fn began, fn never runs.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	j := &job{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case <-db.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case db.jobs <- j:
	}
	select {
	case <-j.done:
		return j.err
	case <-db.closed: // the writer may have ended without seeing the job
		select {
		case <-j.done:
			return j.err
		default:
			return ErrClosed
		}
	}
}

// writer owns the writing connection; run is its goroutine.
type writer struct {
	db      *DB
	conn    *conn // nil after an I/O error, until the next batch
	commits atomic.Int64
	done    atomic.Int64
	failed  atomic.Int64
	largest atomic.Int64
}

func (w *writer) run() {
	defer close(w.db.closed)
	idle := time.NewTimer(idleAfter)
	defer idle.Stop()
	for {
		select {
		case j := <-w.db.jobs:
			w.batch(j)
			idle.Reset(idleAfter)
		case <-idle.C:
			w.truncateLog()
		case <-w.db.closing:
			w.drain()
			return
		}
	}
}

// drain runs what was handed over before Close.
func (w *writer) drain() {
	for {
		select {
		case j := <-w.db.jobs:
			w.batch(j)
		default:
			w.truncateLog()
			return
		}
	}
}

// batch runs first and what else waits in one transaction.
func (w *writer) batch(first *job) {
	if err := w.begin(); err != nil {
		w.finish([]*job{first}, err)
		return
	}
	begun := time.Now()
	jobs := []*job{first}
	w.one(first)
	for len(jobs) < maxBatch && time.Since(begun) < maxAge {
		select {
		case j := <-w.db.jobs:
			jobs = append(jobs, j)
			w.one(j)
			continue
		default:
		}
		break
	}
	w.finish(jobs, w.commit())
}

func (w *writer) begin() error {
	if w.conn == nil {
		c, err := w.db.connect(context.Background())
		if err != nil {
			return err
		}
		w.conn = c
	}
	_, err := w.conn.exec("BEGIN IMMEDIATE")
	if err != nil {
		w.distrust(err)
	}
	return explain("begin", err)
}

func (w *writer) commit() error {
	_, err := w.conn.exec("COMMIT")
	if err == nil {
		return nil
	}
	_, _ = w.conn.exec("ROLLBACK") // it may have rolled back by itself
	w.distrust(err)
	return explain("commit", err)
}

// distrust gives up the connection after an I/O error: what a failed flush left
// behind is not known to it.
func (w *writer) distrust(err error) {
	if !isIO(err) {
		return
	}
	w.db.log.Error("database connection is opened anew", "error", err)
	_ = w.conn.close()
	w.conn = nil
}

// one runs a job in its savepoint.
func (w *writer) one(j *job) {
	if j.err = j.ctx.Err(); j.err != nil {
		return
	}
	if _, j.err = w.conn.exec("SAVEPOINT job"); j.err != nil {
		j.err = explain("savepoint", j.err)
		return
	}
	j.err = w.call(j)
	if j.err == nil {
		_, j.err = w.conn.exec("RELEASE job")
	}
	if j.err == nil {
		return
	}
	j.err = explainKeep(j.err)
	for _, undo := range []string{"ROLLBACK TO job", "RELEASE job"} {
		if _, err := w.conn.exec(undo); err != nil {
			w.db.log.Error("undoing a failed change failed", "error", err)
		}
	}
}

// call contains a panic: it is that job's error, and the writer lives on.
func (w *writer) call(j *job) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			w.db.log.Error("panic in a database change", "cause", cause, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", cause)
		}
	}()
	return j.fn(&Tx{conn: w.conn, job: j})
}

// finish tells each job how it ended.
func (w *writer) finish(jobs []*job, commit error) {
	for _, j := range jobs {
		if j.err == nil {
			j.err = commit
		}
		if j.err != nil {
			w.failed.Add(1)
			continue
		}
		for _, fn := range j.after {
			fn()
		}
	}
	if commit == nil {
		w.commits.Add(1)
		w.largest.Store(max(w.largest.Load(), int64(len(jobs))))
	}
	w.done.Add(int64(len(jobs)))
	for _, j := range jobs {
		close(j.done)
	}
}

// truncateLog folds the write-ahead log into the database and empties it.
func (w *writer) truncateLog() {
	if w.conn == nil {
		return
	}
	if _, err := w.conn.exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		w.db.log.Warn("checkpoint", "error", err)
		w.distrust(err)
	}
}

func (w *writer) close() error {
	if w.conn == nil {
		return nil
	}
	return errors.Join(w.conn.close())
}

package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// A batch is committed when it holds maxBatch jobs or is maxBatchAge old, even
// if more are waiting: those who were first do not wait longer.
const (
	maxBatch    = 512
	maxBatchAge = 20 * time.Millisecond
)

// Write runs fn in a transaction and returns once it is durable. Jobs that
// gather are committed together; each has its own savepoint, so that fn's error
// undoes fn alone and is returned as it is. When the commit itself fails, every
// job in it gets that error (ErrFull when the disk is full) and none counts.
// fn must not wait for anything but the database: it holds everybody.
// If ctx ends before fn began, fn never runs.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	j := &job{fn: fn, done: make(chan error, 1)}
	if err := db.submit(ctx, j); err != nil {
		return err
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		if j.claim() {
			return ctx.Err()
		}
		return <-j.done
	}
}

// submit hands a job to the writer.
func (db *DB) submit(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	db.submitting.RLock()
	defer db.submitting.RUnlock()
	if db.closed {
		return ErrClosed
	}
	select {
	case db.writer.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A job is one call of Write.
type job struct {
	fn      func(*Tx) error
	after   []func()
	claimed atomic.Bool
	done    chan error // takes one
}

// claim decides between the writer, which is about to run the job, and its
// caller, who gives up: the first one has it.
func (j *job) claim() bool { return j.claimed.CompareAndSwap(false, true) }

// writer owns the writing connection: its fields belong to the goroutine of run,
// except jobs, ended, counts and images.
type writer struct {
	log     *slog.Logger
	path    string // of the file
	connect func() (*connection, error)
	conn    *connection   // nil after an I/O error, until the next job
	batch   []*job        // done in the open transaction, which is open if there are any
	tried   int           // pages in the WAL when keepPace wrote back last
	busy    time.Duration // that transactions took since the size of the WAL was looked at
	alarm   *alarm

	jobs   chan *job
	ended  chan struct{} // closed when run returned
	counts counts
	images atomic.Int32 // that are being read
}

type counts struct {
	commits, jobs, failed, largest, checkpoints, reopened atomic.Int64
}

func newWriter(path string, conn *connection, connect func() (*connection, error), log *slog.Logger) *writer {
	return &writer{
		log:     log,
		path:    path,
		connect: connect,
		conn:    conn,
		alarm:   newAlarm(path, log),
		jobs:    make(chan *job, 64),
		ended:   make(chan struct{}),
	}
}

// run serves jobs until the channel is closed and empty.
func (w *writer) run() {
	defer close(w.ended)
	idle := time.NewTimer(idleAfter)
	defer idle.Stop()
	for {
		select {
		case j, ok := <-w.jobs:
			if !ok {
				return
			}
			began := time.Now()
			w.alarm.set(began)
			w.transact(j)
			w.alarm.unset()
			w.busy += time.Since(began)
			w.keepShort()
			idle.Reset(idleAfter)
		case <-idle.C:
			w.rest()
		}
	}
}

// transact commits the first job together with those that come while it and
// they run.
func (w *writer) transact(first *job) {
	began := time.Now()
	for j := first; j != nil; j = w.next(began) {
		if !j.claim() {
			continue
		}
		w.perform(j)
	}
	if len(w.batch) > 0 {
		w.commit()
	}
	if w.conn != nil {
		w.conn.trim()
	}
}

// next returns another job for the batch, nil when it is to be committed.
func (w *writer) next(began time.Time) *job {
	if len(w.batch) >= maxBatch || time.Since(began) >= maxBatchAge {
		return nil
	}
	select {
	case j := <-w.jobs: // nil when the channel is closed
		return j
	default:
		return nil
	}
}

// perform runs one job in the batch's transaction. The job that begins it needs
// no savepoint: if it fails there is nothing else to keep.
func (w *writer) perform(j *job) {
	begin := "SAVEPOINT job"
	if len(w.batch) == 0 {
		if err := w.reconnect(); err != nil {
			w.fail(j, err)
			return
		}
		begin = "BEGIN IMMEDIATE"
	}
	if _, err := w.conn.exec(begin); err != nil {
		w.undo(j, err)
		return
	}
	if err := w.runJob(j); err != nil {
		w.undo(j, err)
		return
	}
	if len(w.batch) > 0 {
		if _, err := w.conn.exec("RELEASE job"); err != nil {
			w.undo(j, err)
			return
		}
	}
	w.batch = append(w.batch, j)
}

// runJob calls the job's function. A panic in it is the job's error.
func (w *writer) runJob(j *job) (err error) {
	tx := &Tx{conn: w.conn}
	defer func() {
		if p := recover(); p != nil {
			w.log.Error("panic in a database job", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("database job panicked: %v", p)
		}
		tx.finish()
		if err == nil {
			err = tx.fatal
		}
		j.after = tx.after
	}()
	return j.fn(tx)
}

// undo takes back one job that failed, and fails it. If SQLite has given up the
// whole transaction, all jobs in it fail.
func (w *writer) undo(j *job, cause error) {
	w.fail(j, cause)
	if len(w.batch) > 0 {
		_, err := w.conn.exec("ROLLBACK TO job")
		if err == nil {
			_, err = w.conn.exec("RELEASE job")
		}
		if err == nil {
			return
		}
	}
	w.abandon(cause)
}

// commit makes the batch durable and tells everybody.
func (w *writer) commit() {
	if _, err := w.conn.exec("COMMIT"); err != nil {
		w.log.Error("commit failed", "jobs", len(w.batch), "error", err)
		w.abandon(fmt.Errorf("commit: %w", err))
		return
	}
	n := int64(len(w.batch))
	w.counts.commits.Add(1)
	w.counts.jobs.Add(n)
	w.counts.largest.Store(max(n, w.counts.largest.Load()))
	for _, j := range w.batch {
		for _, fn := range j.after {
			w.runAfter(fn)
		}
	}
	for _, j := range w.batch {
		j.done <- nil
	}
	w.forgetBatch()
}

// runAfter calls what a job wants done after its commit. A panic there cannot
// take the commit back.
func (w *writer) runAfter(fn func()) {
	defer func() {
		if p := recover(); p != nil {
			w.log.Error("panic after a commit", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	fn()
}

// abandon rolls the transaction back and fails all jobs in it.
func (w *writer) abandon(cause error) {
	// The error is that there is no transaction any more, which is as well.
	_, _ = w.conn.exec("ROLLBACK")
	w.distrustAfter(cause)
	for _, j := range w.batch {
		w.fail(j, cause)
	}
	w.forgetBatch()
}

func (w *writer) forgetBatch() {
	clear(w.batch)
	w.batch = w.batch[:0]
}

func (w *writer) fail(j *job, err error) {
	w.counts.failed.Add(1)
	j.done <- explain(err)
}

// distrustAfter closes the connection when the error says that its cache may
// differ from what is on the disk. The next job connects anew.
func (w *writer) distrustAfter(err error) {
	if !distrust(err) {
		return
	}
	w.log.Warn("reopening the database after an error", "error", err)
	if err := w.conn.close(); err != nil {
		w.log.Warn("close database connection", "error", err)
	}
	w.conn = nil
}

func (w *writer) reconnect() error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.connect()
	if err != nil {
		return fmt.Errorf("reopen database: %w", err)
	}
	w.conn = conn
	w.counts.reopened.Add(1)
	return nil
}

// close empties the WAL, so that the next start has nothing to recover, and
// closes the connection. It is called when run has returned.
func (w *writer) close() error {
	if w.conn == nil {
		return nil
	}
	_, _, err := runCheckpoint(w.conn, truncate)
	return errors.Join(err, w.conn.close())
}

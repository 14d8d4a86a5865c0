// Package trace remembers what became of each message: from whom it came, what
// was found out about it, into which folder it went or why it was refused, and
// each attempt to hand it to another server. It answers "where is my mail?".
//
// It is a file of its own beside the database, because it is worth less: mail
// never waits for it. Record puts an event into a bounded buffer and returns; a
// goroutine writes what has gathered once a second. A crash loses that second,
// and when the disk is slower than the mail, events are dropped and counted.
// What is older than some weeks goes, and the oldest before that when the file
// would become too large. A damaged file is replaced by an empty one.
package trace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Options of Open. Zero values mean the defaults.
type Options struct {
	Keep  time.Duration    // how long; 0: 30 days
	Bytes int64            // how large the file may become; 0: 256 MiB
	Log   *slog.Logger     // nil: none
	Now   func() time.Time // nil: time.Now
}

// A Journal is safe for concurrent use. A nil one records nothing and finds
// nothing.
type Journal struct {
	options Options
	path    string

	events  chan Event
	ask     chan chan struct{} // each is closed when what came before it is written
	closing sync.Once
	stop    chan struct{} // closed by Close
	ended   chan struct{} // closed when the writer has ended
	dropped atomic.Int64
	floods  floods

	// The writer replaces a damaged file; mu guards against finding meanwhile.
	mu sync.RWMutex
	db *sql.DB
}

// buffered is how many events wait in memory at most: some 2 MB.
const buffered = 4096

// Open opens the file, makes it when it is missing, and replaces it when it is
// damaged.
func Open(ctx context.Context, path string, o Options) (*Journal, error) {
	if o.Keep <= 0 {
		o.Keep = 30 * 24 * time.Hour
	}
	if o.Bytes <= 0 {
		o.Bytes = 256 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	j := &Journal{
		options: o, path: path,
		events: make(chan Event, buffered), ask: make(chan chan struct{}),
		stop: make(chan struct{}), ended: make(chan struct{}),
	}
	var err error
	if j.db, err = openOrReplace(ctx, path, o.Log); err != nil {
		return nil, fmt.Errorf("open the message trace: %w", err)
	}
	go j.write()
	return j, nil
}

// Record notes an event. It never waits: when the writer does not come after, the
// event is dropped.
func (j *Journal) Record(e Event) {
	if j == nil {
		return
	}
	if e.At.IsZero() {
		e.At = j.options.Now()
	}
	if e.Kind == Refused && !j.floods.permit(e.Remote, e.At) {
		j.dropped.Add(1)
		return
	}
	select {
	case j.events <- e.bounded():
	default:
		j.dropped.Add(1)
	}
}

// Dropped counts the events since Open that were not kept.
func (j *Journal) Dropped() int64 {
	if j == nil {
		return 0
	}
	return j.dropped.Load()
}

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the message trace is closed")

// Flush returns when everything is found that was recorded before.
func (j *Journal) Flush(ctx context.Context) error {
	if j == nil {
		return nil
	}
	done := make(chan struct{})
	select {
	case j.ask <- done:
	case <-j.ended:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close writes what is in memory and closes the file.
func (j *Journal) Close() error {
	if j == nil {
		return nil
	}
	j.closing.Do(func() { close(j.stop) })
	<-j.ended
	return j.db.Close()
}

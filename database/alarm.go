package database

import (
	"bytes"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"
)

// tooLong is how long a writing transaction may take before the log hears of it:
// all who write wait for it.
const tooLong = 5 * time.Second

// An alarm complains of a transaction that does not end, and says where it
// stands: again and again, at growing intervals. It is for faults in the program,
// such as a query that goes on for ever, which nothing else would name.
type alarm struct {
	log   *slog.Logger
	path  string       // of the database
	timer *time.Timer  // running while a transaction does
	began atomic.Int64 // when it did, in nanoseconds since 1970; 0: there is none
}

func newAlarm(path string, log *slog.Logger) *alarm {
	a := &alarm{log: log, path: path}
	a.timer = time.AfterFunc(time.Hour, a.ring)
	a.timer.Stop()
	return a
}

func (a *alarm) set(began time.Time) {
	a.began.Store(began.UnixNano())
	a.timer.Reset(tooLong)
}

func (a *alarm) unset() {
	a.timer.Stop()
	a.began.Store(0)
}

// ring may come just after the transaction has ended, or another has begun.
func (a *alarm) ring() {
	began := a.began.Load()
	took := time.Since(time.Unix(0, began))
	if began == 0 || took < tooLong {
		return
	}
	a.log.Error("a writing transaction does not end; everybody who writes waits for it",
		"database", a.path, "seconds", int(took.Seconds()), "at", whereabouts())
	a.timer.Reset(took)
}

// whereabouts is the stack of the goroutine that a writer's job runs on.
func whereabouts() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		if bytes.Contains(stack, []byte("database.(*writer).runJob(")) {
			return string(stack)
		}
	}
	return ""
}

package imapd

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// loaded is a row with its body, opened if it is wanted.
type loaded struct {
	row  store.Row
	body *store.Body // nil: not wanted, or err says why
	err  error
}

func (l *loaded) close() {
	if l.body != nil {
		_ = l.body.Close() // only read
	}
}

// How many rows, and how many bytes of bodies, are read in one go while those
// before are being written.
const (
	aheadRows  = 64
	aheadBytes = 256 << 10
)

// load calls fn with each of the messages that exists, ascending. Where there
// are many a goroutine beside reads and decompresses those that come next, in
// sheaves, while fn writes.
func (f *fetcher) load(ctx context.Context, uids imap.UIDSet, fn func(*loaded) error) error {
	if len(uids) == 1 && uids[0].Start == uids[0].Stop {
		return f.eachLoaded(ctx, uids, func(l loaded) error {
			defer l.close()
			return fn(&l)
		})
	}
	ctx, stop := context.WithCancel(ctx)
	r := &readAhead{sheaves: make(chan []loaded, 1)}
	go r.run(ctx, f, uids)
	var failed error
	for sheaf := range r.sheaves {
		for i := range sheaf {
			if failed == nil {
				failed = fn(&sheaf[i])
			}
			sheaf[i].close()
		}
		if failed != nil {
			stop() // the rest is closed as it comes
		}
	}
	stop()
	if failed != nil {
		return failed
	}
	return r.err
}

// eachLoaded reads rows and opens bodies, one after the other.
func (f *fetcher) eachLoaded(ctx context.Context, uids imap.UIDSet, fn func(loaded) error) error {
	mail := f.s.srv.cfg.Store
	return mail.Rows(ctx, f.s.sel.id, uids, f.cols, func(row *store.Row) error {
		l := loaded{row: *row}
		if f.body {
			l.body, l.err = mail.OpenRow(ctx, row)
		}
		if l.body != nil && l.body.Size() <= aheadBytes {
			l.err = l.body.Load()
		}
		return fn(l)
	})
}

// readAhead gathers sheaves.
type readAhead struct {
	sheaves chan []loaded
	err     error // how it ended; to be read once sheaves is closed

	sheaf []loaded
	size  int64
}

func (r *readAhead) run(ctx context.Context, f *fetcher, uids imap.UIDSet) {
	defer close(r.sheaves)
	defer func() {
		if p := recover(); p != nil { // not the session's goroutine, which recovers by itself
			r.err = fmt.Errorf("panic while reading messages: %v\n%s", p, debug.Stack())
		}
	}()
	r.err = f.eachLoaded(ctx, uids, func(l loaded) error {
		r.sheaf = append(r.sheaf, l)
		if l.body != nil {
			r.size += min(l.body.Size(), aheadBytes)
		}
		if len(r.sheaf) < aheadRows && r.size < aheadBytes {
			return nil
		}
		return r.send(ctx)
	})
	if len(r.sheaf) > 0 {
		_ = r.send(ctx) // what fails here ended the reading before
	}
}

// send hands the sheaf over, or closes it when nobody wants it any more.
func (r *readAhead) send(ctx context.Context) error {
	sheaf := r.sheaf
	r.sheaf, r.size = make([]loaded, 0, cap(sheaf)), 0
	select {
	case r.sheaves <- sheaf:
		return nil
	case <-ctx.Done():
		for i := range sheaf {
			sheaf[i].close()
		}
		return ctx.Err()
	}
}

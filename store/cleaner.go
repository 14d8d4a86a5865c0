package store

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// gatherTime is how long the cleaner waits for more to do: what goes one by one
// is settled together.
const gatherTime = time.Second

// cleaner clears away behind, on a goroutine of its own, what nobody waits for.
// All that there is to do stands in the database, but for the claims and the
// mailboxes whose history may have grown too long, so that a crash loses
// nothing.
type cleaner struct {
	store  *Store
	woken  chan struct{} // of one
	cancel context.CancelFunc
	done   chan struct{}

	mu  sync.Mutex
	old map[MailboxID]bool // mailboxes whose history may be too long
}

func newCleaner(s *Store) *cleaner {
	return &cleaner{store: s, woken: make(chan struct{}, 1), done: make(chan struct{}), old: map[MailboxID]bool{}}
}

// start begins with whatever was left to do, unless it is to keep still. The store
// has its cleaner by then.
func (c *cleaner) start(still bool) {
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	if still {
		close(c.done)
		return
	}
	go c.run(ctx)
	c.wake()
}

// wake says that there is something to do.
func (c *cleaner) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// shorten says that messages of a mailbox were expunged.
func (c *cleaner) shorten(m MailboxID) {
	c.mu.Lock()
	c.old[m] = true
	c.mu.Unlock()
	c.wake()
}

// stop ends it after the chunk that it is at.
func (c *cleaner) stop() {
	c.cancel()
	<-c.done
}

func (c *cleaner) run(ctx context.Context) {
	defer close(c.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.woken:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(gatherTime):
		}
		if err := c.store.clean(ctx); err != nil && ctx.Err() == nil {
			c.store.log.Error("clearing away failed; it is tried again after the next change", "error", err)
		}
	}
}

// clean does all that there is to do.
func (s *Store) clean(ctx context.Context) error {
	if err := s.saveClaims(ctx); err != nil {
		return err
	}
	for _, m := range s.cleaner.takeOld() {
		if err := s.shortenHistory(ctx, m); err != nil {
			s.cleaner.shorten(m)
			return err
		}
	}
	for _, step := range []func(*job) (more bool, err error){(*job).clearMailbox, (*job).clearThreads, (*job).clearRemoved, (*job).settle} {
		if err := s.repeat(ctx, step); err != nil {
			return err
		}
	}
	return s.saveImprints(ctx, false)
}

func (c *cleaner) takeOld() []MailboxID {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := slices.Sorted(maps.Keys(c.old))
	clear(c.old)
	return ids
}

// repeat runs a step, each time in a transaction of its own, until nothing is
// left for it.
func (s *Store) repeat(ctx context.Context, step func(*job) (more bool, err error)) error {
	for more := true; more; {
		err := s.write(ctx, func(j *job) (err error) {
			more, err = step(j)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

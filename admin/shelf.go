package admin

import (
	"context"
	"sync"
	"time"

	"letterbox/backup"
)

// shelfTime is how long a snapshot that somebody looks into stays at hand: to
// fetch its database takes a while, and people go from page to page.
const shelfTime = 5 * time.Minute

// A shelf holds the one snapshot that was looked into last. It is used by one
// visitor at a time.
type shelf struct {
	mu    sync.Mutex
	key   string
	past  *backup.Past
	close func()
	timer *time.Timer
}

// use calls fn with a snapshot, which open opens if it is not the one at hand.
// What open returns is closed by close_ when another one is wanted, or after a
// while.
func (s *shelf) use(key string, open func(context.Context) (*backup.Past, error), fn func(*backup.Past) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.past == nil || s.key != key {
		s.put()
		ctx, cancel := context.WithCancel(context.Background()) // it outlives the request
		past, err := open(ctx)
		if err != nil {
			cancel()
			return err
		}
		s.key, s.past, s.close = key, past, cancel
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(shelfTime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.key == key {
			s.put()
		}
	})
	return fn(s.past)
}

// put gives up what is at hand.
func (s *shelf) put() {
	if s.past == nil {
		return
	}
	_ = s.past.Close() // only scratch files; what is left of them goes at the next start
	s.close()
	s.key, s.past, s.close = "", nil, nil
}

// Close gives up what is at hand, when nobody visits any more.
func (s *shelf) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put()
}

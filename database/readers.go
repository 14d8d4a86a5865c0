package database

import "sync"

// readers are the reading connections that nobody uses. The one that was used
// last is taken first: it has prepared what is asked most and keeps its pages,
// while the others stay small.
type readers struct {
	free chan struct{} // one for each in the stack

	mu    sync.Mutex
	stack []*connection
}

func newReaders(most int) *readers { return &readers{free: make(chan struct{}, most)} }

func (r *readers) put(c *connection) {
	r.mu.Lock()
	r.stack = append(r.stack, c)
	r.mu.Unlock()
	r.free <- struct{}{}
}

// take is for who has received from free.
func (r *readers) take() *connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.stack) - 1
	c := r.stack[last]
	r.stack = r.stack[:last]
	return c
}

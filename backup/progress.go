package backup

import (
	"sync"
	"time"
)

// Status is what a Keeper is at.
type Status struct {
	Task  string // "": nothing
	Since time.Time
	Done  int64 // bytes
	Total int64 // 0: not known yet
}

// progress is kept for whoever asks.
type progress struct {
	mu     sync.Mutex
	status Status
}

func (p *progress) start(task string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = Status{Task: task, Since: time.Now()}
}

func (p *progress) expect(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Total += bytes
}

func (p *progress) did(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Done += bytes
}

// Status says what is being done.
func (p *progress) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

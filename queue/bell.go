package queue

import "sync"

// A bell wakes the courier and says for which domains. It is never full.
type bell struct {
	mu      sync.Mutex
	rung    chan struct{}
	domains map[string]bool
	all     bool // look through everything
}

// ring wakes the courier; without domains it looks through everything.
func (b *bell) ring(domains ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.domains == nil {
		b.domains = map[string]bool{}
	}
	for _, d := range domains {
		b.domains[d] = true
	}
	b.all = b.all || len(domains) == 0
	b.wake()
}

// poke wakes the courier to look at the time of what comes next.
func (b *bell) poke() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wake()
}

// wake needs the lock.
func (b *bell) wake() {
	select {
	case b.channel() <- struct{}{}:
	default:
	}
}

// channel needs the lock.
func (b *bell) channel() chan struct{} {
	if b.rung == nil {
		b.rung = make(chan struct{}, 1)
	}
	return b.rung
}

// wait returns the channel that tells of a ring.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.channel()
}

// take returns what was rung for since.
func (b *bell) take() (domains []string, all bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for d := range b.domains {
		domains = append(domains, d)
	}
	clear(b.domains)
	all, b.all = b.all, false
	return domains, all
}

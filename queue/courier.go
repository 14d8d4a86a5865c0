package queue

import (
	"context"
	"crypto/x509"
	"log/slog"
	"maps"
	"net"
	"sync"
	"time"

	"letterbox/feedback"
	"letterbox/resolver"
)

// A Courier takes what is due out of the queue and sends it, each destination by
// itself: a slow one holds up nobody else. One runs on a queue at a time.
//
// Everything that has to survive is in the database. In memory is only which
// messages are under way; a process that dies forgets that, and the next one
// tries them again.
type Courier struct {
	Queue    *Queue
	Hostname string // in EHLO
	Resolver *resolver.Resolver
	Relay    *Relay // nil: none
	Schedule Schedule
	Feedback *feedback.Feedback // hears how encryption went; may be nil
	Log      *slog.Logger

	PerDestination int // connections to one destination; 0: 4
	Total          int // connections in all; 0: 100

	Roots *x509.CertPool                                                       // nil: the system's
	Dial  func(ctx context.Context, network, address string) (net.Conn, error) // nil: net.Dialer's

	mu           sync.Mutex
	destinations map[string]*destination
	running      lanes
	starved      bool // somebody found no place in a lane
	workers      sync.WaitGroup
}

// lanes counts connections: those to destinations that are well, and those to
// destinations that last failed, which have slots of their own. However many of
// them hang, there is room for the others.
type lanes struct{ well, ailing int }

// A destination is a domain, or the relay.
type destination struct {
	domain  string
	pending []int64        // messages that were found due
	taken   map[int64]bool // those and what workers have
	running int            // workers
	limit   int            // of them: one until it has taken a message
	ailing  bool
	again   bool // something came due while all workers were busy
}

// stopTime is how long transactions under way may take when the courier stops: a
// message whose acknowledgement is not waited for would be sent twice.
const stopTime = 20 * time.Second

// scanTime is how often the whole queue is looked through for want of any other
// reason: for reports that could not be delivered.
const scanTime = time.Hour

// Run sends until ctx ends.
func (c *Courier) Run(ctx context.Context) error {
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	c.destinations = map[string]*destination{}
	c.Queue.bell.ring()
	timer := time.NewTimer(scanTime)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			c.stop(cut)
			return nil
		case <-timer.C:
			c.Queue.bell.ring()
		case <-c.Queue.bell.wait():
			next, err := c.dispatch(ctx, work)
			if err != nil && ctx.Err() == nil {
				c.Log.ErrorContext(ctx, "queue not read", "error", err)
				next = time.Now().Add(time.Minute)
			}
			wait := scanTime
			if !next.IsZero() {
				wait = min(wait, max(0, time.Until(next)))
			}
			timer.Reset(wait)
		}
	}
}

// stop lets transactions finish.
func (c *Courier) stop(cut func()) {
	late := time.AfterFunc(stopTime, cut)
	defer late.Stop()
	c.workers.Wait()
}

// dispatch starts workers for what is due, and returns when more will be.
func (c *Courier) dispatch(ctx, work context.Context) (next time.Time, err error) {
	domains, all := c.Queue.bell.take()
	if all {
		if domains, err = c.Queue.dueDomains(ctx, time.Now()); err != nil {
			return next, err
		}
		if err := c.reportAll(work); err != nil {
			return next, err
		}
	}
	c.forgetSome()
	for _, domain := range domains {
		c.serve(ctx, work, domain)
	}
	return c.Queue.nextDue(ctx, time.Now())
}

// serve starts a worker for a domain, if there is room for one.
func (c *Courier) serve(ctx, work context.Context, domain string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.destinations[domain]
	if d == nil {
		d = &destination{domain: domain, taken: map[int64]bool{}, limit: 1}
		c.destinations[domain] = d
	}
	if !c.startWorker(ctx, work, d) {
		d.again = true
	}
}

// maxDestinations bounds how many destinations are remembered as ailing.
const maxDestinations = 10_000

// forgetSome forgets idle destinations when they are too many: each then has its
// first chance among the healthy ones again.
func (c *Courier) forgetSome() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.destinations) > maxDestinations {
		maps.DeleteFunc(c.destinations, func(_ string, d *destination) bool { return d.running == 0 })
	}
}

// startWorker needs the lock. ctx ends when no more is to be begun, work when
// what was begun is to be cut off.
func (c *Courier) startWorker(ctx, work context.Context, d *destination) bool {
	if d.running >= d.limit || ctx.Err() != nil {
		return false
	}
	slot := &c.running.well
	most := c.total()
	if d.ailing {
		slot, most = &c.running.ailing, max(1, c.total()/4)
	}
	if *slot >= most {
		c.starved = true
		return false
	}
	*slot++
	d.running++
	w := &worker{c: c, d: d, slot: slot}
	c.workers.Go(func() { w.run(ctx, work) })
	return true
}

func (c *Courier) total() int {
	if c.Total > 0 {
		return c.Total
	}
	return 100
}

func (c *Courier) perDestination() int {
	if c.PerDestination > 0 {
		return c.PerDestination
	}
	return 4
}

// refill fetches what is due for a destination and nobody has taken yet.
func (c *Courier) refill(ctx context.Context, d *destination) error {
	c.mu.Lock()
	limit := refillSize + len(d.taken)
	c.mu.Unlock()
	ids, err := c.Queue.due(ctx, d.domain, time.Now(), limit)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if !d.taken[id] {
			d.taken[id] = true
			d.pending = append(d.pending, id)
		}
	}
	return nil
}

// refillSize is how many messages of a destination are noted in memory.
const refillSize = 50

// more reports whether something came for a worker that found nothing more.
func (c *Courier) more(ctx context.Context, w *worker) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !w.d.again || w.gaveUp || ctx.Err() != nil {
		return false
	}
	w.d.again = false
	return true
}

// leave ends a worker. Whoever found no room may find it now.
func (c *Courier) leave(ctx context.Context, w *worker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := w.d
	if d.again && d.running == 1 && ctx.Err() == nil {
		d.again = false
		c.Queue.bell.ring(d.domain) // it came at the last moment, or after the others were put off
	}
	d.running--
	*w.slot--
	if d.running == 0 {
		for _, id := range d.pending {
			delete(d.taken, id)
		}
		d.pending = nil
		if !d.ailing {
			delete(c.destinations, d.domain)
		}
	}
	if c.starved {
		c.starved = false
		c.Queue.bell.ring()
	} else {
		c.Queue.bell.poke() // what was put off comes due at another time
	}
}

package smtpd

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// Hourly limits what one peer may do on port 25 within an hour. Less than zero is
// no limit.
type Hourly struct {
	Messages   int // that it begins; 0: 1,000
	Recipients int // that it names; 0: 5,000
	Unknown    int // of them that nobody here is; 0: 20
	Mistakes   int // commands against the protocol; 0: 100
}

// A conduct remembers how peers behave: an IPv4 address or IPv6 /64 is one. What
// they do fills levels that empty within an hour, so that what is long past counts
// for nothing. It is in memory, bounded, and gone with the process.
//
// Safe for concurrent use; nothing is waited for while mu is held.
type conduct struct {
	limits Hourly
	now    func() time.Time

	mu      sync.Mutex
	records map[netip.Prefix]*record
}

// A record is what is remembered of one peer.
type record struct {
	messages, recipients, unknown, mistakes level

	vouched time.Time // until then nobody asks who it is
	barred  time.Time // until then it is turned away
	bars    int       // in a row, the last one included
}

// Bounds of what is remembered, and of how long a peer is turned away.
const (
	maxRecords = 10_000
	firstBar   = 10 * time.Minute
	longestBar = 4 * time.Hour // mail servers try for days
	barsLast   = 24 * time.Hour
	vouchLasts = time.Hour
)

func newConduct(limits Hourly, now func() time.Time) *conduct {
	return &conduct{limits: limits, now: now, records: map[netip.Prefix]*record{}}
}

// A level rises by one with each event, and falls by its limit within an hour.
type level struct {
	height float64
	at     time.Time
}

// now is the height at a time.
func (l *level) now(at time.Time, limit int) float64 {
	fallen := at.Sub(l.at).Hours() * float64(limit)
	return max(0, l.height-fallen)
}

// rise counts n events and returns the height.
func (l *level) rise(at time.Time, limit int, n float64) float64 {
	l.height, l.at = max(0, l.now(at, limit)+n), at
	return l.height
}

// room counts an event unless the level is full, and reports whether it was not.
func (l *level) room(at time.Time, limit int) bool {
	if limit < 0 {
		return true
	}
	if l.now(at, limit)+1 > float64(limit) {
		return false
	}
	l.rise(at, limit, 1)
	return true
}

// message reports whether the peer may begin another message.
func (c *conduct) message(peer netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.record(peer).messages.room(c.now(), c.limits.Messages)
}

// recipient reports whether the peer may name another recipient.
func (c *conduct) recipient(peer netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.record(peer).recipients.room(c.now(), c.limits.Recipients)
}

// offend counts an offence, and returns how many there are; what has begun to fade
// counts still.
func (c *conduct) offend(peer netip.Prefix, o *offence) (times int) {
	limit := o.limit(c.limits)
	if limit < 0 {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return int(math.Ceil(o.level(c.record(peer)).rise(c.now(), limit, 1)))
}

// redeem lets an accepted message make up for an offence of each kind.
func (c *conduct) redeem(peer netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, ok := c.records[peer]; ok {
		r.unknown.rise(c.now(), c.limits.Unknown, -1)
		r.mistakes.rise(c.now(), c.limits.Mistakes, -1)
	}
}

// vouch notes that the peer is known to be a good one.
func (c *conduct) vouch(peer netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.record(peer).vouched = c.now().Add(vouchLasts)
}

// vouched reports whether that was noted a short while ago.
func (c *conduct) vouched(peer netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.records[peer]
	return ok && c.now().Before(r.vouched)
}

// bar turns the peer away for a while, for longer each time, and returns until
// when. begins is false when it is turned away already.
func (c *conduct) bar(peer netip.Prefix) (until time.Time, begins bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, now := c.record(peer), c.now()
	if now.Before(r.barred) {
		return r.barred, false
	}
	if now.Sub(r.barred) > barsLast {
		r.bars = 0
	}
	pause := min(firstBar<<min(r.bars, 10), longestBar)
	r.bars++
	r.barred = now.Add(pause)
	return r.barred, true
}

// barred is until when the peer is turned away; false when it is not.
func (c *conduct) barred(peer netip.Prefix) (until time.Time, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.records[peer]
	if !ok || !c.now().Before(r.barred) {
		return time.Time{}, false
	}
	return r.barred, true
}

// record finds what is remembered of a peer; c.mu is held.
func (c *conduct) record(peer netip.Prefix) *record {
	r, ok := c.records[peer]
	if !ok {
		if len(c.records) >= maxRecords {
			c.forget()
		}
		r = &record{}
		c.records[peer] = r
	}
	return r
}

// forget drops the record that matters least among some: whoever wants to push one
// out has to do worse from many addresses.
func (c *conduct) forget() {
	var least netip.Prefix
	weight, looked := -1.0, 0
	for peer, r := range c.records { // in an order that nobody chooses
		if looked++; looked > 64 {
			break
		}
		if w := c.weigh(r); weight < 0 || w < weight {
			least, weight = peer, w
		}
	}
	delete(c.records, least)
}

// weigh is how much a record matters.
func (c *conduct) weigh(r *record) float64 {
	now := c.now()
	w := r.unknown.now(now, c.limits.Unknown) + r.mistakes.now(now, c.limits.Mistakes)
	w += r.messages.now(now, c.limits.Messages) / 1000
	if now.Before(r.barred) {
		w += 1000
	}
	return w
}

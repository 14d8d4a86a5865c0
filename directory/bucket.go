package directory

import "time"

// A fingerprint stands for a name, a peer or an attempt: a keyed hash.
type fingerprint [16]byte

// A limit says how a count of distinct wrong passwords becomes a delay.
type limit struct {
	free int           // as many cost nothing
	max  time.Duration // where doubling ends
}

// forgetAfter so long without a new wrong password, a count starts anew.
const forgetAfter = 24 * time.Hour

// delay grows from one second with each wrong password from the free-th on.
func (l limit) delay(failures int) time.Duration {
	if failures < l.free {
		return 0
	}
	delay := time.Second
	for range failures - l.free {
		if delay >= l.max {
			return l.max
		}
		delay *= 2
	}
	return min(delay, l.max)
}

// A bucket counts the distinct wrong passwords of one peer, account, or user at
// a known peer.
type bucket struct {
	failures int
	last     time.Time // of the failures
	until    time.Time // nobody may try before
	recent   [16]fingerprint
	next     int // where in recent the next goes

	trying int           // attempts that are being checked now
	freed  chan struct{} // closed when one of them ends; nil while nobody waits
}

// full reports whether as many are being checked as could still fail for
// nothing: otherwise a burst of connections would try more than one after the
// other could. Beyond what is free, they go one by one.
func (b *bucket) full(l limit) bool { return b.trying >= max(1, l.free-b.failures) }

// failedBefore reports whether this very attempt is known to be wrong.
func (b *bucket) failedBefore(attempt fingerprint) bool {
	for _, recent := range b.recent[:min(b.failures, len(b.recent))] {
		if recent == attempt {
			return true
		}
	}
	return false
}

// fail counts an attempt that was not counted before. begins is true when it is
// the first that leads to a delay.
func (b *bucket) fail(now time.Time, l limit, attempt fingerprint) (begins bool) {
	if b.failedBefore(attempt) {
		return false
	}
	b.recent[b.next] = attempt
	b.next = (b.next + 1) % len(b.recent)
	b.failures++
	b.last = now
	b.until = now.Add(l.delay(b.failures))
	return b.failures == l.free
}

// leave ends an attempt and lets those who wait look again.
func (b *bucket) leave() {
	b.trying--
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}

// wake is closed when somebody leaves.
func (b *bucket) wake() <-chan struct{} {
	if b.freed == nil {
		b.freed = make(chan struct{})
	}
	return b.freed
}

// maxBuckets of one kind are kept: some 400 octets each.
const maxBuckets = 4096

// buckets is a bounded set of them.
type buckets struct {
	limit limit
	by    map[fingerprint]*bucket
}

func newBuckets(l limit) *buckets { return &buckets{limit: l, by: map[fingerprint]*bucket{}} }

// get returns the bucket of a key, made when there is none. What is long past
// is forgotten.
func (s *buckets) get(now time.Time, key fingerprint) *bucket {
	b, ok := s.by[key]
	if !ok {
		if len(s.by) >= maxBuckets {
			s.evict(now)
		}
		b = &bucket{}
		s.by[key] = b
	}
	if b.failures > 0 && now.Sub(b.last) > forgetAfter {
		b.failures, b.next, b.until = 0, 0, time.Time{}
	}
	return b
}

// evict drops the bucket that matters least among some: one that is long past,
// or has the fewest failures. Whoever wants to push out a count must collect as
// many failures elsewhere.
func (s *buckets) evict(now time.Time) {
	var least fingerprint
	var found *bucket
	looked := 0
	for key, b := range s.by { // in an order that nobody chooses
		if looked++; looked > 64 {
			break
		}
		switch {
		case b.trying > 0:
		case now.Sub(b.last) > forgetAfter:
			delete(s.by, key)
			return
		case found == nil, b.failures < found.failures:
			least, found = key, b
		}
	}
	if found != nil {
		delete(s.by, least)
	}
}

// drop forgets a bucket in which nothing is counted.
func (s *buckets) drop(key fingerprint) {
	if b := s.by[key]; b != nil && b.trying == 0 && b.failures == 0 {
		delete(s.by, key)
	}
}

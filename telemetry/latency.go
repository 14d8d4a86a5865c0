package telemetry

import (
	"encoding/binary"
	"math"
	"sync/atomic"
	"time"
)

// Buckets of a Spread: each begins a quarter above the one before, from 50
// microseconds on to about a day.
const (
	buckets     = 96
	firstBucket = 50 * time.Microsecond
	growth      = 1.25
)

// Counts say how many durations fell into each bucket.
type Counts [buckets]uint32

// bucketOf returns where a duration counts.
func bucketOf(d time.Duration) int {
	if d <= firstBucket {
		return 0
	}
	return min(int(math.Log(float64(d)/float64(firstBucket))/math.Log(growth))+1, buckets-1)
}

// upTo is the upper end of a bucket.
func upTo(bucket int) time.Duration {
	return time.Duration(float64(firstBucket) * math.Pow(growth, float64(bucket)))
}

// Total is the number of durations.
func (c *Counts) Total() (n int64) {
	for _, k := range c {
		n += int64(k)
	}
	return n
}

// Add adds what was counted elsewhere.
func (c *Counts) Add(other *Counts) {
	for i, k := range other {
		c[i] += k
	}
}

// Quantile is the duration that a share (0.5, 0.95) of all do not exceed, to a
// quarter above; 0 without any.
func (c *Counts) Quantile(share float64) time.Duration {
	total := c.Total()
	if total == 0 {
		return 0
	}
	rank := int64(math.Ceil(share * float64(total)))
	for i, k := range c {
		if rank -= int64(k); rank <= 0 {
			return upTo(i)
		}
	}
	return upTo(buckets - 1)
}

// A Spread counts durations until they are taken. Safe for concurrent use.
type Spread struct{ counts [buckets]atomic.Uint32 }

// Observe counts a duration.
func (s *Spread) Observe(d time.Duration) { s.counts[bucketOf(d)].Add(1) }

// Take returns what was counted since it was last taken.
func (s *Spread) Take() (c Counts) {
	for i := range s.counts {
		c[i] = s.counts[i].Swap(0)
	}
	return c
}

// The series of latencies: how long a user waits for the usual things, and for
// news of what another session did.
const (
	OfSelect = iota
	OfList
	OfFlags
	OfBody
	OfSearch
	OfPoll
	OfIdle
	OfNotify
	latencies
)

// LatencyNames are the names of the series, in their order.
var LatencyNames = [latencies]string{"select", "list", "flags", "body", "search", "sync.poll", "sync.idle", "sync.notify"}

// access returns the series that a command counts in; false for none. Whether a
// FETCH reads bodies is for the session to say.
func access(name string, bodies bool) (int, bool) {
	switch name {
	case "SELECT", "EXAMINE":
		return OfSelect, true
	case "LIST", "LSUB", "STATUS", "XLIST":
		return OfList, true
	case "FETCH", "UID FETCH":
		if bodies {
			return OfBody, true
		}
		return OfFlags, true
	case "SEARCH", "UID SEARCH", "SORT", "UID SORT", "THREAD", "UID THREAD", "ESEARCH":
		return OfSearch, true
	}
	return 0, false
}

// TakeLatencies returns what was counted since it was last called.
func (t *Telemetry) TakeLatencies() (c [latencies]Counts) {
	for i := range c {
		c[i] = t.spreads[i].Take()
	}
	return c
}

// Synced counts how long after a commit its news were written to another session.
func (t *Telemetry) Synced(how Waiting, took time.Duration) {
	if t == nil {
		return
	}
	t.spreads[OfPoll+int(how)].Observe(took)
	t.syncTime.WithLabelValues(how.String()).Observe(took.Seconds())
}

// Bytes is a short form of the counts: of each bucket with some, how many lie
// between it and the one before, and its count.
func (c *Counts) Bytes() (b []byte) {
	last := -1
	for i, k := range c {
		if k > 0 {
			b = binary.AppendUvarint(b, uint64(i-last-1))
			b = binary.AppendUvarint(b, uint64(k))
			last = i
		}
	}
	return b
}

// ParseCounts reads Bytes. What is no such form is left out.
func ParseCounts(b []byte) (c Counts) {
	for i := -1; len(b) > 0; {
		skip, n := binary.Uvarint(b)
		if n <= 0 || skip >= buckets {
			return c
		}
		k, m := binary.Uvarint(b[n:])
		if i += int(skip) + 1; m <= 0 || i >= buckets {
			return c
		}
		c[i], b = uint32(k), b[n+m:]
	}
	return c
}

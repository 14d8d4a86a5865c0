package directory

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

// The throttle slows down guessing, not people. What counts is a distinct wrong
// password for a name; a device that repeats an old one counts once.
//
// From a peer that the user has not signed in from, two counts decide: the
// peer's, over all names, and the account's, over all such peers. The second is
// far more patient and ends at a minute, so that a crowd of attackers does not
// lock the owner out of a new place.
//
// From a peer that the user has signed in from, only what went wrong there for
// this user counts: what others do, there or elsewhere, cannot lock a device out
// that was in before. It never waits longer than half a minute.
//
// SCRAM does not show the password, and two exchanges with the same wrong one
// look different: each failed exchange counts as a password of its own. A device
// with an old password that speaks SCRAM is thus slowed down, to half a minute
// where it was in before.
//
// A code is guessed by who has the password already, and is short: of six figures
// three are good at a time. From peers that the user has not signed in from, what
// counts for all of them together therefore ends at an hour: some 45 tries on the
// first day and 24 on each other, so that years are likely to pass. Nobody waits for
// that where they were in before.
//
// All of it is in memory, bounded, and gone with the process. Lock order: mu
// alone. Nothing is waited for while it is held.
type throttle struct {
	now func() time.Time
	key [32]byte

	mu       sync.Mutex
	peers    *buckets // by peer
	accounts *buckets // by name
	codes    *buckets // by name, for the second factor
	pairs    *buckets // by peer and name, where known
}

func newThrottle(now func() time.Time) *throttle {
	t := &throttle{
		now:      now,
		peers:    newBuckets(limit{free: 5, max: 15 * time.Minute}),
		accounts: newBuckets(limit{free: 100, max: time.Minute}),
		codes:    newBuckets(limit{free: 10, max: time.Hour}),
		pairs:    newBuckets(limit{free: 10, max: 30 * time.Second}),
	}
	rand.Read(t.key[:])
	return t
}

// A visit is who knocks and for whom.
type visit struct {
	peer  string // peerName of the remote address
	name  string // the user name, in one form for all spellings; whether there is such a user does not matter
	known bool   // the user has signed in from the peer
	code  bool   // it is about the second factor; the password was right
}

// peerName is what counts as one peer: an IPv4 address, or an IPv6 /64, of which
// every customer has at least one to choose addresses from.
func peerName(remote netip.Addr) string {
	remote = remote.Unmap().WithZone("")
	if !remote.Is6() {
		return remote.String()
	}
	prefix, err := remote.Prefix(64)
	if err != nil {
		return remote.String()
	}
	return prefix.String()
}

func (t *throttle) fingerprint(parts ...string) (f fingerprint) {
	mac := hmac.New(sha256.New, t.key[:])
	for _, part := range parts {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	copy(f[:], mac.Sum(nil))
	return f
}

// attempt identifies a password for a name at one version of its credential.
func (t *throttle) attempt(v visit, version int64, password string) fingerprint {
	return t.fingerprint("attempt", v.name, string(binary.BigEndian.AppendUint64(nil, uint64(version))), password)
}

// unique identifies an attempt whose password cannot be told.
func (t *throttle) unique() (f fingerprint) {
	rand.Read(f[:])
	return f
}

// A count is one bucket that a visit falls into.
type count struct {
	set *buckets
	key fingerprint
}

// pair names a user at a peer; their codes count apart from their passwords.
func (t *throttle) pair(v visit) fingerprint {
	kind := "pair"
	if v.code {
		kind = "pair, second factor"
	}
	return t.fingerprint(kind, v.peer, v.name)
}

// counts are those that decide about the visit.
func (t *throttle) counts(v visit) []count {
	all := t.accounts
	if v.code {
		all = t.codes
	}
	if v.known {
		return []count{{t.pairs, t.pair(v)}}
	}
	return []count{{t.peers, t.fingerprint("peer", v.peer)}, {all, t.fingerprint("account", v.name)}}
}

// enter begins an attempt, or fails with a *ThrottledError. It waits while as
// many are under way as may be. Call leave when the attempt is over and, if it
// was wrong, counted.
func (t *throttle) enter(ctx context.Context, v visit) (leave func(), err error) {
	counts := t.counts(v)
	for {
		wake, err := t.tryEnter(counts)
		if err != nil {
			return nil, err
		}
		if wake == nil {
			return func() { t.leave(counts) }, nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryEnter returns a channel to wait for when there is no room yet.
func (t *throttle) tryEnter(counts []count) (wake <-chan struct{}, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var wait time.Duration
	for _, c := range counts {
		b := c.set.get(now, c.key)
		wait = max(wait, b.until.Sub(now))
		if b.full(c.set.limit) {
			wake = b.wake()
		}
	}
	if wait > 0 {
		return nil, &ThrottledError{RetryAfter: wait}
	}
	if wake != nil {
		return wake, nil
	}
	for _, c := range counts {
		c.set.by[c.key].trying++
	}
	return nil, nil
}

func (t *throttle) leave(counts []count) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range counts {
		c.set.by[c.key].leave()
		c.set.drop(c.key)
	}
}

// failedBefore reports whether the attempt is known to be wrong: it need not be
// computed again.
func (t *throttle) failedBefore(v visit, attempt fingerprint) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, c := range t.counts(v) {
		if c.set.get(now, c.key).failedBefore(attempt) {
			return true
		}
	}
	return false
}

// fail counts a wrong attempt, between enter and leave. begins is true when the
// peer or the account is slowed down from now on.
func (t *throttle) fail(v visit, attempt fingerprint) (begins bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, c := range t.counts(v) {
		if c.set.get(now, c.key).fail(now, c.set.limit, attempt) {
			begins = true
		}
	}
	return begins
}

// succeed ends the count of a user at a peer where they just signed in.
func (t *throttle) succeed(v visit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pair := t.pairs.by[t.pair(v)]
	if pair != nil {
		pair.failures, pair.next, pair.until = 0, 0, time.Time{}
	}
}

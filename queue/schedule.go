package queue

import (
	"math/rand/v2"
	"time"
)

// A Schedule says how long the queue tries.
type Schedule struct {
	First    time.Duration // after the first attempt
	Longest  time.Duration // between two attempts
	Lifetime time.Duration // then the message is given back
	Warn     time.Duration // then its sender is told that it is late; 0: never
}

// DefaultSchedule is that of RFC 5321 section 4.5.4.1, a little quicker at the
// beginning: greylisting lets a second attempt through after a few minutes.
func DefaultSchedule() Schedule {
	return Schedule{First: 5 * time.Minute, Longest: 4 * time.Hour, Lifetime: 4 * 24 * time.Hour, Warn: 4 * time.Hour}
}

// next is when to try again what failed for the n-th time (from 1): 5, 8, 13, 20
// minutes ..., each a fifth sooner or later by chance, so that what failed
// together does not come back together. The last attempt is at the end of the
// lifetime.
func (s Schedule) next(n int, created, now time.Time) time.Time {
	wait := float64(s.First)
	for i := 1; i < n && wait < float64(s.Longest); i++ {
		wait *= 1.6
	}
	wait = min(wait, float64(s.Longest)) * (0.8 + 0.4*rand.Float64())
	at := now.Add(time.Duration(wait).Round(time.Second))
	if end := created.Add(s.Lifetime); at.After(end) && now.Before(end) {
		return end
	}
	return at
}

// expired reports whether a message was tried for long enough.
func (s Schedule) expired(created, now time.Time) bool { return !now.Before(created.Add(s.Lifetime)) }

// late reports whether its sender should know by now.
func (s Schedule) late(created, now time.Time) bool {
	return s.Warn > 0 && !now.Before(created.Add(s.Warn))
}

package junk

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"letterbox/store"
)

// ErrGreylisted asks whoever writes for the first time to come back: mail servers
// do, and much of what sends junk does not.
var ErrGreylisted = errors.New("you are not known here yet; try again in a few minutes")

// Greylist remembers who has to come back. It is in memory alone: after a restart
// those who are on their way come once more, and those who are known anyway never
// had to.
type Greylist struct {
	Delay time.Duration // until a second attempt counts

	mu     sync.Mutex
	first  map[attempt]time.Time
	passed map[string]time.Time // networks of machines that came back
}

// An attempt is who wrote to whom, from where.
type attempt struct {
	network, sender string
	account         store.AccountID
}

// Limits on what is remembered.
const (
	maxAttempts = 20_000
	attemptLife = 24 * time.Hour
	passedLife  = 35 * 24 * time.Hour
)

// Greylisted fails with ErrGreylisted when mail from there is to come again. Senders
// whom the account knows, networks that came back before, and this machine never
// have to; neither does anybody when it cannot be found out.
func (f *Filter) Greylisted(ctx context.Context, remote netip.Addr, sender string, user int64) error {
	id := store.AccountID(user)
	if f == nil || !remote.IsValid() || remote.IsLoopback() {
		return nil
	}
	greylist := f.terms.Load().Greylist
	if greylist == nil {
		return nil
	}
	sender = strings.ToLower(sender)
	from := network(remote)
	known, err := f.known(ctx, id, sender)
	if err != nil {
		f.log.WarnContext(ctx, "nobody is greylisted for now", "error", err)
		return nil
	}
	if known || greylist.admit(attempt{from, sender, id}, f.now()) {
		return nil
	}
	f.log.InfoContext(ctx, "greylisted", "sender", sender, "account", int64(id), "network", from)
	return ErrGreylisted
}

// admit lets an attempt through that is the second one, after the delay.
func (g *Greylist) admit(a attempt, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first == nil {
		g.first, g.passed = map[attempt]time.Time{}, map[string]time.Time{}
	}
	if at, ok := g.passed[a.network]; ok && now.Sub(at) < passedLife {
		g.passed[a.network] = now
		return true
	}
	began, again := g.first[a]
	switch {
	case !again || now.Sub(began) > attemptLife:
		trim(g.first, now, attemptLife)
		g.first[a] = now
		return false
	case now.Sub(began) < g.Delay:
		return false
	}
	delete(g.first, a)
	trim(g.passed, now, passedLife)
	g.passed[a.network] = now
	return true
}

// trim makes room for one more: what is over goes, or the oldest.
func trim[K comparable](list map[K]time.Time, now time.Time, life time.Duration) {
	if len(list) < maxAttempts {
		return
	}
	var oldest K
	var at time.Time
	for k, t := range list {
		if now.Sub(t) > life {
			delete(list, k)
			continue
		}
		if at.IsZero() || t.Before(at) {
			oldest, at = k, t
		}
	}
	if len(list) >= maxAttempts {
		delete(list, oldest)
	}
}

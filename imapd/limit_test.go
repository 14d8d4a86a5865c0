package imapd

import (
	"net/netip"
	"testing"

	"letterbox/accept"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	l := newLimiter(1)
	_, first := l.signIn(7)
	if open, second := l.signIn(7); !first || second || open != 1 {
		t.Error("the limit on sessions of a user does not hold at 1")
	}
	if l.signOut(7); len(l.user) != 0 {
		t.Errorf("%v is left", l.user)
	}
}

// Rule 10 of what clients expect: a family behind one router has 20 connections
// at once without noticing a limit, which is about 100.
func TestDefaultLimitsSuitAFamily(t *testing.T) {
	t.Parallel()
	cfg := Config{}
	setDefaults(&cfg)
	connections, sessions := accept.NewLimiter(cfg.Limits.Connections, cfg.Limits.PerAddress), newLimiter(cfg.Limits.PerUser)
	router := netip.MustParseAddr("192.0.2.1")
	n := 0
	for connections.Connect(router) {
		n++
	}
	for _, ok := sessions.signIn(1); ok; _, ok = sessions.signIn(1) {
		n++
	}
	if n < 200 || n > 400 {
		t.Errorf("an address and a user have %d connections together", n)
	}
}

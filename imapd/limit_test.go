package imapd

import (
	"net/netip"
	"testing"
)

func TestLimiterByNetwork(t *testing.T) {
	t.Parallel()
	l := newLimiter(Limits{Connections: 100, PerAddress: 2, PerUser: 1})
	connect := func(address string, want bool) {
		t.Helper()
		if got := l.connect(netip.MustParseAddr(address)); got != want {
			t.Errorf("connection from %s: %t", address, got)
		}
	}
	connect("192.0.2.1", true)
	connect("192.0.2.1", true)
	connect("192.0.2.1", false)
	connect("192.0.2.2", true)
	// One IPv6 customer has a /64.
	connect("2001:db8::1", true)
	connect("2001:db8::2", true)
	connect("2001:db8::3", false)
	connect("2001:db8:0:1::1", true)
	l.disconnect(netip.MustParseAddr("192.0.2.1"))
	connect("192.0.2.1", true)
}

func TestLimiterInAll(t *testing.T) {
	t.Parallel()
	l := newLimiter(Limits{Connections: 3, PerAddress: 2, PerUser: 1})
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for i, peer := range []netip.Addr{a, a, b, b} {
		if got := l.connect(peer); got != (i < 3) {
			t.Errorf("connection %d: %t", i+1, got)
		}
	}
	l.disconnect(a)
	if !l.connect(b) {
		t.Error("a freed place is not given")
	}
}

// Nothing is kept of those who have left.
func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	l := newLimiter(Limits{Connections: 100, PerAddress: 2, PerUser: 1})
	a := netip.MustParseAddr("192.0.2.1")
	l.connect(a)
	if !l.signIn(7) || l.signIn(7) {
		t.Error("the limit on sessions of a user does not hold at 1")
	}
	l.signOut(7)
	l.disconnect(a)
	if l.all != 0 || len(l.address) != 0 || len(l.user) != 0 {
		t.Errorf("%d, %v and %v are left", l.all, l.address, l.user)
	}
}

// Rule 10 of what clients expect: a family behind one router has 20 connections
// at once without noticing a limit, which is about 100.
func TestDefaultLimitsSuitAFamily(t *testing.T) {
	t.Parallel()
	cfg := Config{}
	setDefaults(&cfg)
	l := newLimiter(cfg.Limits)
	router := netip.MustParseAddr("192.0.2.1")
	n := 0
	for l.connect(router) {
		n++
	}
	for l.signIn(1) {
		n++
	}
	if n < 200 || n > 400 {
		t.Errorf("an address and a user have %d connections together", n)
	}
}

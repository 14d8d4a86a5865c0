package junk

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestGreylist(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *Options) {
		o.Greylist = &Greylist{Delay: 5 * time.Minute}
		o.WrittenTo = func(_ context.Context, _ int64, address string) (bool, error) {
			return address == "friend@example.net", nil
		}
	})
	ask := func(ip, sender string) bool {
		return errors.Is(h.Greylisted(t.Context(), netip.MustParseAddr(ip), sender, int64(anna)), ErrGreylisted)
	}
	for range 2 {
		if !ask("192.0.2.1", "carl@example.net") {
			t.Error("an attempt got through too early")
		}
	}
	if ask("192.0.2.1", "Friend@example.net") || ask("127.0.0.1", "x@example.net") {
		t.Error("somebody who is known, or this machine, has to come again")
	}
	h.time = h.time.Add(6 * time.Minute)
	if !ask("198.51.100.1", "carl@example.net") {
		t.Error("another network got through with what the first had waited for")
	}
	if ask("192.0.2.9", "carl@example.net") {
		t.Error("who came again, from a neighbour, does not get through")
	}
	if ask("192.0.2.1", "new@example.net") {
		t.Error("a network that came again has to for each sender")
	}
	m := &Mail{Raw: []byte(letter("met@example.net", "x", "y")), Remote: netip.MustParseAddr("203.0.113.1")}
	h.Arrived(anna, 1, m, Judgement{})
	h.noteAll(t.Context(), <-h.arrivals)
	if ask("203.0.113.200", "met@example.net") {
		t.Error("a sender whose mail came before has to come again")
	}
	var nobody *Filter
	if err := nobody.Greylisted(t.Context(), netip.MustParseAddr("192.0.2.1"), "x@example.net", 1); err != nil {
		t.Errorf("no filter: %v", err)
	}
}

// However many come, no more are remembered than the limit.
func TestGreylistIsBounded(t *testing.T) {
	t.Parallel()
	g, now := &Greylist{Delay: time.Minute}, time.Now()
	for i := range maxAttempts + 50 {
		g.admit(attempt{fmt.Sprint(i), "x", anna}, now.Add(time.Duration(i)*time.Millisecond))
	}
	if n := len(g.first); n != maxAttempts {
		t.Errorf("%d are remembered", n)
	}
	if _, there := g.first[attempt{"0", "x", anna}]; there {
		t.Error("the oldest is still there")
	}
	g.admit(attempt{"new", "x", anna}, now.Add(2*attemptLife))
	if n := len(g.first); n != 1 {
		t.Errorf("%d are remembered after a day", n)
	}
}

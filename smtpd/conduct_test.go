package smtpd

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"letterbox/accept"
	"pgregory.net/rapid"
)

// A clock that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }

func newTestConduct(limits Hourly) (*conduct, *clock) {
	c := &clock{time.Unix(1_800_000_000, 0)}
	return newConduct(limits, c.now), c
}

func place(address string) netip.Prefix { return accept.Network(netip.MustParseAddr(address)) }

// TestHourly counts messages by address and by /64; room comes back bit by bit.
func TestHourly(t *testing.T) {
	t.Parallel()
	c, clock := newTestConduct(Hourly{Messages: 4, Recipients: -1})
	for _, step := range []struct {
		wait time.Duration
		from string
		want bool
	}{
		{0, "192.0.2.1", true}, {0, "192.0.2.1", true}, {0, "192.0.2.1", true}, {0, "192.0.2.1", true},
		{0, "192.0.2.1", false}, {0, "192.0.2.2", true},
		{14 * time.Minute, "192.0.2.1", false}, {time.Minute, "192.0.2.1", true}, {0, "192.0.2.1", false},
		{0, "2001:db8::1", true}, {0, "2001:db8::2", true}, {0, "2001:db8::3", true}, {0, "2001:db8::4", true},
		{0, "2001:db8::5", false}, {0, "2001:db8:0:1::5", true},
	} {
		clock.advance(step.wait)
		if got := c.message(place(step.from)); got != step.want {
			t.Errorf("%+v: %t", step, got)
		}
	}
	for range 10_000 {
		if !c.recipient(place("192.0.2.1")) {
			t.Fatal("limited without a limit")
		}
	}
}

// TestBarsGrow turns a peer away for longer each time, and begins anew after a day.
func TestBarsGrow(t *testing.T) {
	t.Parallel()
	c, clock := newTestConduct(Hourly{})
	peer := place("192.0.2.1")
	for i, want := range []time.Duration{10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 80 * time.Minute, 160 * time.Minute, longestBar, longestBar} {
		until, begins := c.bar(peer)
		if got := until.Sub(clock.at); got != want || !begins {
			t.Errorf("%d: for %v, begins %t", i, got, begins)
		}
		if again, begins := c.bar(peer); !again.Equal(until) || begins {
			t.Errorf("%d, barred already: until %v, begins %t", i, again, begins)
		}
		clock.advance(want - 1)
		if _, is := c.barred(peer); !is {
			t.Errorf("%d: ends too early", i)
		}
		clock.advance(1)
		if _, is := c.barred(peer); is {
			t.Errorf("%d: does not end", i)
		}
	}
	clock.advance(barsLast + 1)
	if until, _ := c.bar(peer); until.Sub(clock.at) != firstBar {
		t.Errorf("a day later: for %v", until.Sub(clock.at))
	}
}

// TestRedeemed: messages that are accepted make up for offences, and for none that
// are yet to come.
func TestRedeemed(t *testing.T) {
	t.Parallel()
	c, _ := newTestConduct(Hourly{Unknown: 20, Mistakes: 20})
	peer := place("192.0.2.1")
	c.offend(peer, offenceUnknown)
	for range 10 {
		c.redeem(peer)
	}
	if n := c.offend(peer, offenceUnknown); n != 1 {
		t.Errorf("%d offences", n)
	}
}

// TestConductIsBounded: however many peers come, memory is bounded, and the worst
// are remembered.
func TestConductIsBounded(t *testing.T) {
	t.Parallel()
	c, clock := newTestConduct(Hourly{Messages: 1000, Recipients: 1000, Unknown: 20, Mistakes: 20})
	worst := place("192.0.2.1")
	c.bar(worst)
	for i := range maxRecords + 5000 {
		clock.advance(time.Millisecond)
		peer := place(fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff))
		c.message(peer)
		c.offend(peer, offenceMistake)
	}
	if len(c.records) > maxRecords {
		t.Errorf("%d records", len(c.records))
	}
	if _, is := c.barred(worst); !is {
		t.Error("the worst peer is forgotten")
	}
}

// TestPatientPeer: whatever others do, a peer that does nothing wrong is let in.
func TestPatientPeer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c, clock := newTestConduct(Hourly{Messages: 5, Recipients: 5, Unknown: 4, Mistakes: 4})
		good := place("192.0.2.1")
		for range rapid.IntRange(0, 200).Draw(rt, "acts") {
			other := place(fmt.Sprintf("198.51.100.%d", rapid.IntRange(1, 5).Draw(rt, "who")))
			switch rapid.IntRange(0, 3).Draw(rt, "act") {
			case 0:
				c.message(other)
			case 1:
				c.offend(other, offenceUnknown)
			case 2:
				c.bar(other)
			case 3:
				c.redeem(other)
			}
			clock.advance(time.Duration(rapid.IntRange(0, 600).Draw(rt, "seconds")) * time.Second)
		}
		if _, barred := c.barred(good); barred || !c.message(good) || c.offend(good, offenceUnknown) != 1 {
			rt.Fatal("it suffers for others")
		}
	})
}

func TestPauses(t *testing.T) {
	t.Parallel()
	for times, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 6: 20 * time.Second, 1000: 20 * time.Second} {
		if got := pauseAfter(times, 20*time.Second); got != want {
			t.Errorf("%d: %v", times, got)
		}
	}
}

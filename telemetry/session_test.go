package telemetry

import (
	"net/netip"
	"testing"
	"time"

	"letterbox/habit"
)

var anywhere = netip.MustParseAddr("192.0.2.7")

func TestSessions(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	tel := NewAt(func() time.Time { return now })
	var ended []Record
	tel.OnEnd(func(r Record) { ended = append(ended, r) })
	kicked := 0
	stranger := tel.Open("imap", anywhere, func() {})
	s := tel.Open("imap", anywhere, func() { kicked++ })
	s.SignedIn(7, "anna@example.org", "PLAIN", AppPassword{ID: 3, Name: "phone"})
	s.Introduced(habit.Client{Name: "K-9 Mail", Version: "6.8", OS: "Android\r\n"})
	s.Received(100)
	s.Sent(2000)
	s.Waits(Idles)
	s.Knows(3, 12)
	now = now.Add(time.Minute)
	s.Answered("FETCH", "OK", 2*time.Second, true, false)

	open := tel.Sessions()
	if len(open) != 2 {
		t.Fatalf("%d sessions are open", len(open))
	}
	g := open[1]
	if g.Who.Device != "phone, K-9 Mail 6.8 (Android)" || g.Received != 100 || g.Sent != 2000 || g.Commands != 1 ||
		g.Waiting != Idles || g.Seen != (Seen{3, 12}) || g.Active.Sub(g.Since) != time.Minute {
		t.Errorf("%+v", g)
	}
	if n := tel.Kick(func(g Glance) bool { return g.Who.Account == 7 }); n != 1 || kicked != 1 {
		t.Errorf("%d were to go, %d heard of it", n, kicked)
	}
	s.Close("broken")
	s.Close("broken")
	stranger.Close("closed")
	if len(ended) != 1 || ended[0].End != "kicked" || ended[0].Who.Address != "anna@example.org" {
		t.Errorf("ended %+v", ended)
	}
	if left := tel.Sessions(); len(left) != 0 {
		t.Errorf("%d sessions are left", len(left))
	}
	slow := tel.SlowCommands()
	if len(slow) != 1 || slow[0].Command != "FETCH" || slow[0].Took != 2*time.Second {
		t.Errorf("slow %+v", slow)
	}
	body := tel.TakeLatencies()[OfBody]
	if body.Total() != 1 || body.Quantile(.5) < 2*time.Second || body.Quantile(.5) > 2500*time.Millisecond {
		t.Errorf("body: %d, %v", body.Total(), body.Quantile(.5))
	}
	again := tel.TakeLatencies()[OfBody]
	if again.Total() != 0 {
		t.Error("what was taken is there again")
	}
}

// Nobody watches: all of it may be called.
func TestNilSession(t *testing.T) {
	t.Parallel()
	var tel *Telemetry
	s := tel.Open("imap", anywhere, nil)
	s.SignedIn(1, "anna@example.org", "PLAIN", AppPassword{})
	s.Introduced(habit.Client{Name: "x"})
	s.Received(1)
	s.Sent(1)
	s.Waits(Idles)
	s.Knows(1, 1)
	s.Answered("FETCH", "OK", time.Hour, true, false)
	s.Habits().Polled()
	s.SignedOut()
	s.Close("logout")
	tel.Synced(Idles, time.Second)
	tel.Exposed("imap", "", anywhere)
	tel.HandshakeFailed(anywhere, nil)
	tel.Habits().WrongPassword("a@b", anywhere, true, true)
	if tel.Sessions() != nil || tel.SlowCommands() != nil || tel.Habits().Findings() != nil {
		t.Error("something was watched")
	}
}

// What is told of each packet and command allocates nothing.
func TestWatchingAllocatesNothing(t *testing.T) {
	tel := New()
	s := tel.Open("imap", anywhere, func() {})
	s.SignedIn(7, "anna@example.org", "PLAIN", AppPassword{})
	s.Answered("NOOP", "OK", time.Millisecond, false, false)
	if n := testing.AllocsPerRun(100, func() {
		s.Received(100)
		s.Sent(2000)
		s.Knows(3, 12)
		s.Answered("FETCH", "OK", time.Millisecond, true, false)
		tel.Synced(Idles, time.Millisecond)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// A tenth of a core at 100,000 commands a second would be 1,000 ns a command; an
// appliance has some hundred commands a second at its busiest.
func BenchmarkWatching(b *testing.B) {
	tel := New()
	s := tel.Open("imap", anywhere, func() {})
	s.SignedIn(7, "anna@example.org", "PLAIN", AppPassword{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Received(100)
		s.Sent(2000)
		s.Habits().Downloaded(1, uint32(i%1000), 2000, true)
		s.Answered("FETCH", "OK", time.Millisecond, true, false)
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	var s Spread
	for ms := 1; ms <= 100; ms++ {
		s.Observe(time.Duration(ms) * time.Millisecond)
	}
	c := s.Take()
	for share, want := range map[float64]time.Duration{.5: 50 * time.Millisecond, .95: 95 * time.Millisecond, 1: 100 * time.Millisecond} {
		if got := c.Quantile(share); got < want || float64(got) > growth*float64(want) {
			t.Errorf("the quantile %v of 1 to 100 ms is %v", share, got)
		}
	}
	if none := (&Counts{}).Quantile(.5); none != 0 {
		t.Errorf("of nothing, it is %v", none)
	}
}

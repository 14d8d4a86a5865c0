package queue

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"letterbox/internal/zone"
)

// TestSchedule looks at every attempt of four days: they come ever more rarely,
// never quite at the same time, and the last one at the very end.
func TestSchedule(t *testing.T) {
	t.Parallel()
	s := DefaultSchedule()
	created := time.Unix(1_800_000_000, 0)
	seen := map[time.Duration]bool{}
	for range 50 {
		now, attempts := created, 0
		for longest := time.Duration(0); !s.expired(created, now); attempts++ {
			next := s.next(attempts+1, created, now)
			wait := next.Sub(now)
			if wait <= 0 || wait > s.Longest*6/5 || next.After(created.Add(s.Lifetime)) {
				t.Fatalf("attempt %d: waits %s, until %s after the beginning", attempts+1, wait, next.Sub(created))
			}
			if attempts == 0 {
				seen[wait] = true
			}
			if wait < longest/2 && next != created.Add(s.Lifetime) {
				t.Errorf("attempt %d: waits %s after %s", attempts+1, wait, longest)
			}
			longest, now = max(longest, wait), next
		}
		if attempts < 25 || attempts > 50 {
			t.Errorf("%d attempts", attempts)
		}
	}
	if len(seen) < 10 {
		t.Errorf("50 messages wait only %d different times", len(seen))
	}
}

// TestFourDays lets a message wait for four days, which takes no time here: Ann
// is told after four hours that it is late, once, and at the end that it failed.
func TestFourDays(t *testing.T) {
	t.Parallel()
	far := startMX(t)
	far.answer(func(line string) string {
		if strings.HasPrefix(line, "RCPT") {
			return "451 4.3.2 Not now"
		}
		return ""
	})
	z := zone.Serve(t, farZone)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := enter(t, dir, z)
		defer h.leave()
		h.place("192.0.2.1:25", far.addr)
		stop := h.start()
		defer stop()
		began := time.Now()
		h.submit("bob@far.example")
		mails := func() []string { synctest.Wait(); return h.inbox() }

		time.Sleep(3*time.Hour + 50*time.Minute)
		if got := mails(); len(got) != 0 {
			t.Fatalf("Ann heard something too early:\n%s", got[0])
		}
		time.Sleep(5 * time.Hour)
		got := mails()
		if len(got) != 1 || !strings.Contains(got[0], "Action: delayed") || !strings.Contains(got[0], "tried again for 4 days") {
			t.Fatalf("after 9 hours: %q", got)
		}
		time.Sleep(4*24*time.Hour - time.Since(began) - time.Minute)
		if got := mails(); len(got) != 1 {
			t.Fatalf("just before the end: %d messages", len(got))
		}
		time.Sleep(2 * time.Minute)
		got = mails()
		if len(got) != 2 || !strings.Contains(got[1], "Action: failed") || !strings.Contains(got[1], "Status: 5.4.7") ||
			!strings.Contains(got[1], "451 4.3.2 Not now") {
			t.Fatalf("at the end: %q", got)
		}
		if n, err := h.Count(t.Context()); n != 0 || err != nil {
			t.Errorf("%d messages are left, %v", n, err)
		}
	})
	if attempts := far.count("RCPT"); attempts < 25 || attempts > 50 {
		t.Errorf("%d attempts", attempts)
	}
}

// TestGreylisting gets through at the second attempt.
func TestGreylisting(t *testing.T) {
	t.Parallel()
	far := startMX(t)
	met := 0
	far.answer(func(line string) string {
		if strings.HasPrefix(line, "RCPT") {
			if met++; met == 1 {
				return "450 4.7.1 Greylisted"
			}
		}
		return ""
	})
	z, dir := zone.Serve(t, farZone), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := enter(t, dir, z)
		defer h.leave()
		h.place("192.0.2.1:25", far.addr)
		stop := h.start()
		defer stop()
		h.submit("bob@far.example")
		time.Sleep(7 * time.Minute)
		synctest.Wait()
		if n, _ := h.Count(t.Context()); n != 0 || len(far.got()) != 1 {
			t.Errorf("%d messages wait, %d arrived", n, len(far.got()))
		}
	})
}

// TestDeadDestination cannot be reached: all its mail is put off together, with
// few connections, and goes out together when it is back.
func TestDeadDestination(t *testing.T) {
	t.Parallel()
	far := startMX(t)
	z, dir := zone.Serve(t, farZone), t.TempDir()
	const n = 120
	synctest.Test(t, func(t *testing.T) {
		h := enter(t, dir, z)
		defer h.leave()
		for i := range n {
			h.submit(fmt.Sprintf("bob%d@far.example", i))
		}
		stop := h.start()
		defer stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		if dials := h.dialled("192.0.2.1:25"); dials != 1 {
			t.Errorf("%d connections were tried for %d messages", dials, n)
		}
		items, err := h.List(t.Context())
		must(t, err)
		for _, item := range items {
			if s := item.Progress[0]; s.Attempts != 1 || !strings.Contains(s.Reply.Text, "refused") {
				t.Fatalf("%+v", s)
			}
		}
		h.place("192.0.2.1:25", far.addr)
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		if left, _ := h.Count(t.Context()); left != 0 || len(far.got()) != n {
			t.Errorf("%d messages wait, %d arrived", left, len(far.got()))
		}
	})
}

package queue

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"letterbox/internal/zone"
	"testing/synctest"
)

// TestConnectionDrops at every step: the message arrives once, whole, and only a
// drop after it was sent may bring it twice.
func TestConnectionDrops(t *testing.T) {
	t.Parallel()
	for step, twice := range map[string]bool{
		"greeting": false, "EHLO": false, "MAIL": false, "RCPT": false, "DATA": false, "message": false,
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			far := startMX(t)
			dropped := false
			far.answer(func(line string) string {
				if !dropped && strings.HasPrefix(line, step) {
					dropped = true
					return "drop"
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
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if n, _ := h.Count(t.Context()); n != 0 {
					t.Errorf("%d messages wait", n)
				}
			})
			if got := far.got(); len(got) != 1 && !(twice && len(got) == 2) || !strings.HasSuffix(got[0].data, letter) {
				t.Errorf("arrived: %+v", got)
			}
		})
	}
}

// TestStrange lets servers say what no mail server says: the message waits, and
// the courier lives.
func TestStrange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ line, answer string }{
		"not SMTP":          {"greeting", "HTTP/1.1 400 Bad Request"},
		"endless line":      {"greeting", "220 " + strings.Repeat("x", 10_000)},
		"endless reply":     {"EHLO", strings.Repeat("250-x\n", 1000) + "250 x"},
		"code changes":      {"EHLO", "250-x\n550 y"},
		"354 to MAIL":       {"MAIL", "354 go"},
		"250 to DATA":       {"DATA", "250 done"},
		"control bytes":     {"RCPT", "450 \x1b[31mred\x00"},
		"421 in the middle": {"RCPT", "421 4.3.2 closing"},
		"554 to DATA later": {"DATA", "451 4.3.0 disk"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			far := startMX(t)
			far.answer(func(line string) string {
				if strings.HasPrefix(line, c.line) {
					return c.answer
				}
				return ""
			})
			h.place("192.0.2.1:25", far.addr)
			h.start()
			h.submit("bob@far.example")
			h.until("it was tried", func() bool {
				items, _ := h.List(t.Context())
				return len(items) == 1 && items[0].Progress[0].Attempts == 1
			})
			items, err := h.List(t.Context())
			must(t, err)
			s := items[0].Progress[0]
			if s.State != "waiting" || strings.ContainsAny(s.Reply.String(), "\x00\x1b") || len(far.got()) != 0 {
				t.Errorf("%+v; arrived: %d", s, len(far.got()))
			}
		})
	}
}

// TestSlowDestinations leaves more destinations hanging than there are
// connections. Mail to one that answers is not held up by them for longer than it
// takes to see that they are slow.
func TestSlowDestinations(t *testing.T) {
	t.Parallel()
	far := startMX(t)
	var records strings.Builder
	const slow = 40
	for i := range slow {
		fmt.Fprintf(&records, "slow%d.example. A 198.51.100.%d\n", i, i+1)
	}
	z, dir := zone.Serve(t, farZone+records.String()), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := enter(t, dir, z)
		defer h.leave()
		h.courier.Total = 4
		h.place("192.0.2.1:25", far.addr)
		for i := range slow {
			h.place(fmt.Sprintf("198.51.100.%d:25", i+1), "silence")
			h.submit(fmt.Sprintf("bob@slow%d.example", i))
		}
		stop := h.start()
		defer stop()
		synctest.Wait()
		began := time.Now()
		h.submit("bob@far.example")
		for len(far.got()) == 0 && time.Since(began) < time.Hour {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if waited := time.Since(began); waited > 3*slowTime {
			t.Errorf("a healthy destination waited for %s", waited)
		}
	})
}

// TestLimits counts connections: to one destination, and in all.
func TestLimits(t *testing.T) {
	t.Parallel()
	var records strings.Builder
	for i := range 10 {
		fmt.Fprintf(&records, "d%d.example. A 198.51.100.%d\n", i, i+1)
	}
	h := build(t, records.String())
	h.courier.Total, h.courier.PerDestination = 3, 2
	server := startMX(t)
	for i := range 10 {
		h.place(fmt.Sprintf("198.51.100.%d:25", i+1), server.addr)
		for j := range 5 {
			h.submit(fmt.Sprintf("bob%d@d%d.example", j, i))
		}
	}
	h.start()
	server.wait(50)
	h.empty()
	if most := h.mostConnections(); most > 3 {
		t.Errorf("%d connections at a time", most)
	}
}

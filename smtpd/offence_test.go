package smtpd

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"letterbox/database"
	"letterbox/delivery"
	"letterbox/habit"
	"letterbox/internal/dialogue"
	"letterbox/junk"
	"letterbox/queue"
)

// strict is a configuration that bears little and holds nobody back for long.
func strict(c *clock) Config {
	return Config{
		Now:      c.now,
		Limits:   Limits{Hourly: Hourly{Messages: 8, Recipients: 40, Unknown: 8, Mistakes: 8}},
		Timeouts: Timeouts{Tarpit: time.Millisecond},
	}
}

// begin says hello and whom the message is from.
func (c *caller) begin() {
	c.t.Helper()
	c.expect("EHLO there.example", "250")
	c.expect("MAIL FROM:<eve@good.example>", "250")
}

// refusedAtOnce opens a session that must be turned away before the greeting.
func refusedAtOnce(t *testing.T, srv *Server, from string) bool {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	s := srv.newSession(wire{server, &net.TCPAddr{IP: net.ParseIP(from), Port: 2525}}, doorMX, nil)
	go s.run(context.Background())
	_ = client.SetDeadline(time.Now().Add(dialogue.Patience))
	line, err := bufio.NewReader(client).ReadString('\n')
	check(t, err)
	return strings.HasPrefix(line, "421 4.7.0 ")
}

// TestHarvest: a peer that asks for many whom nobody here is, over several
// connections, hears the same answer more slowly, and is turned away for a while.
func TestHarvest(t *testing.T) {
	t.Parallel()
	h, clock := newHouse(t), &clock{time.Now()}
	srv := h.server(strict(clock))
	for i := range 7 {
		c := call(t, srv, doorMX, "192.0.2.1")
		c.begin()
		c.expect(fmt.Sprintf("RCPT TO:<guess%d@example.org>", i), "550")
		c.close()
	}
	c := call(t, srv, doorMX, "192.0.2.1")
	c.begin()
	c.expect("RCPT TO:<guess8@example.org>", "421")
	c.close()
	if !refusedAtOnce(t, srv, "192.0.2.1") {
		t.Error("it is let in again")
	}
	other := call(t, srv, doorMX, "192.0.2.2")
	other.begin()
	other.close()
	list := h.telemetry.Habits().Findings()
	if len(list) != 1 || list[0].Kind != habit.Harvest || fmt.Sprint(list[0].Args) != "[192.0.2.1 8 1]" {
		t.Errorf("found %v", list)
	}
	for _, line := range []string{`letterbox_barred_peers_total{reason="unknown_user"} 1`, "letterbox_held_back_replies_total 5"} {
		if !strings.Contains(h.metrics(t), line) {
			t.Errorf("monitoring does not hear %s", line)
		}
	}
	clock.advance(firstBar)
	again := call(t, srv, doorMX, "192.0.2.1")
	again.begin()
	again.expect("RCPT TO:<anna@example.org>", "250")
	again.close()
}

// TestMistakesCountTogether: commands against the protocol count over connections.
func TestMistakesCountTogether(t *testing.T) {
	t.Parallel()
	h, clock := newHouse(t), &clock{time.Now()}
	srv := h.server(strict(clock))
	for range 7 {
		c := call(t, srv, doorMX, "2001:db8::1")
		c.expect("GET / HTTP/1.1", "500")
		c.close()
	}
	c := call(t, srv, doorMX, "2001:db8::2") // of the same /64
	c.expect("POST / HTTP/1.1", "421")
	c.close()
	if !refusedAtOnce(t, srv, "2001:db8::3") {
		t.Error("it is let in again")
	}
}

// TestRates: messages and recipients beyond the limits are put off, and nothing
// else happens to who sends them.
func TestRates(t *testing.T) {
	t.Parallel()
	h, clock := newHouse(t), &clock{time.Now()}
	cfg := strict(clock)
	cfg.Limits.Hourly.Recipients = 5
	srv := h.server(cfg)
	c := call(t, srv, doorMX, "192.0.2.1")
	defer c.close()
	c.expect("EHLO there.example", "250")
	for range 8 {
		c.expect("MAIL FROM:<eve@good.example>", "250")
		c.expect("RSET", "250")
	}
	c.expect("MAIL FROM:<eve@good.example>", "450")
	clock.advance(time.Hour)
	c.expect("MAIL FROM:<eve@good.example>", "250")
	for range 5 {
		c.expect("RCPT TO:<anna@example.org>", "250")
	}
	c.expect("RCPT TO:<anna@example.org>", "450")
	c.expect("DATA", "354")
	c.expect("Subject: hello\r\n\r\nx\r\n.", "250")
	if line := `letterbox_refused_messages_total{reason="rate"} 2`; !strings.Contains(h.metrics(t), line) {
		t.Errorf("monitoring does not hear %s", line)
	}
}

// TestOwnMachines: users, machines of the house and servers that are named are
// bounded by none of it.
func TestOwnMachines(t *testing.T) {
	t.Parallel()
	h, clock := newHouse(t), &clock{time.Now()}
	cfg := strict(clock)
	cfg.Trusted = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	cfg.Limits.Mistakes = 1000
	srv := h.server(cfg)
	for from, d := range map[string]door{"127.0.0.1": doorMX, "192.168.1.1": doorMX, "fd00::1": doorMX, "192.0.2.7": doorMX, "198.51.100.1": doorSubmissions} {
		c := call(t, srv, d, from)
		c.expect("EHLO there.example", "250")
		if d.submit {
			c.expect("AUTH PLAIN AGFubmFAZXhhbXBsZS5vcmcAdHVsaXBzIGluIG1heQ==", "235")
			c.expect("MAIL FROM:<"+annaAddress+">", "250")
		} else {
			c.expect("MAIL FROM:<eve@good.example>", "250")
		}
		for i := range 30 {
			c.expect(fmt.Sprintf("RCPT TO:<guess%d@example.org>", i), "550")
			c.expect("NONSENSE", "500")
		}
		c.close()
	}
	if n := len(srv.conduct.records); n != 0 {
		t.Errorf("%d of them are counted", n)
	}
}

// TestWelcomePeer: dead addresses on the list of somebody whose mail people want
// are no harvest, be it known by the network or by the domain that SPF lets it
// send for. A domain of one's own makes nobody welcome.
func TestWelcomePeer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, known, code string
	}{
		"a network that is known": {"198.51.100.9", "network:198.51.100.0/24", "550"},
		"a domain that is known":  {"192.0.2.1", "domain:good.example", "550"},
		"in its name":             {"198.51.100.9", "domain:good.example", "421"},
		"a domain that is not":    {"192.0.2.1", "domain:other.example", "421"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, judging := judging(t)
			clock := &clock{time.Now()}
			h.queue.Delivery.Junk = junk.New(junk.Options{DB: h.db, Store: h.store, Log: h.log})
			h.know(t, c.known)
			cfg := strict(clock)
			cfg.Verifier = judging.cfg.Verifier
			caller := call(t, h.server(cfg), doorMX, c.from)
			defer caller.close()
			caller.begin()
			code := ""
			for i := 0; i < 20 && code != "421"; i++ {
				code = caller.ask(fmt.Sprintf("RCPT TO:<dead%d@example.org>", i))
			}
			if code != c.code {
				t.Errorf("ends with %s, want %s", code, c.code)
			}
		})
	}
}

// metrics are what monitoring reads.
func (h *house) metrics(t *testing.T) string {
	t.Helper()
	answer := httptest.NewRecorder()
	h.telemetry.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	return answer.Body.String()
}

// know lets Anna have answered mail under a name of the junk filter's.
func (h *house) know(t *testing.T, name string) {
	t.Helper()
	check(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO sender (account, name, wanted, last_at) VALUES (?, ?, 1, 0)`, int64(h.account(t, annaAddress)), name)
		return err
	}))
}

// TestTarpit: the answers to nonsense come more and more slowly, and then there is
// nobody who answers for a while. The server stops all the same.
func TestTarpit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		ctx, cancel := context.WithCancel(t.Context())
		srv := New(Config{
			Limits: Limits{Hourly: Hourly{Mistakes: 12}},
			Queue:  &queue.Queue{Delivery: &delivery.Delivery{}},
		})
		var running sync.WaitGroup
		running.Go(func() {
			if err := srv.ServeMX(ctx, l); err != nil {
				t.Error(err)
			}
		})
		connect := func(from, greeting string) (net.Conn, *bufio.Reader) {
			client, server := net.Pipe()
			l.conns <- wire{server, &net.TCPAddr{IP: net.ParseIP(from)}}
			r := bufio.NewReader(client)
			expectLine(t, r, greeting)
			return client, r
		}
		conn, r := connect("192.0.2.1", "220 ")
		nonsense := func(reply string) time.Duration {
			began := time.Now()
			_, _ = conn.Write([]byte("NONSENSE\r\n"))
			expectLine(t, r, reply)
			return time.Since(began)
		}
		for i, want := range []int{0, 0, 0, 1, 2, 4, 8, 16, 20, 20, 20} {
			if got := nonsense("500 "); got != time.Duration(want)*time.Second {
				t.Errorf("answer %d after %v, want %d s", i, got, want)
			}
		}
		if got := nonsense("421 4.7.0 too much went wrong"); got != 0 {
			t.Errorf("goodbye after %v", got)
		}
		conn.Close()
		conn, _ = connect("192.0.2.1", "421 4.7.0 ")
		conn.Close()
		conn, r = connect("192.0.2.2", "220 ")
		for range 5 {
			nonsense("500 ")
		}
		_, _ = conn.Write([]byte("NONSENSE\r\n"))
		synctest.Wait()
		began := time.Now()
		cancel()
		expectLine(t, r, "500 ")
		expectLine(t, r, "421 4.3.2 ")
		conn.Close()
		running.Wait()
		if took := time.Since(began); took > time.Second {
			t.Errorf("the server stopped after %v", took)
		}
	})
}

// TestTarpitIsBounded: when many wait already, the next one has to leave.
func TestTarpitIsBounded(t *testing.T) {
	t.Parallel()
	h, clock := newHouse(t), &clock{time.Now()}
	srv := h.server(strict(clock))
	srv.heldBack.Store(maxHeldBack)
	c := call(t, srv, doorMX, "192.0.2.1")
	defer c.close()
	c.expect("NONSENSE", "500")
	c.expect("NONSENSE", "500")
	c.expect("NONSENSE", "421")
	if n := srv.heldBack.Load(); n != maxHeldBack {
		t.Errorf("%d are counted", n)
	}
}

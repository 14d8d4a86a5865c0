package smtpd

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"letterbox/internal/dialogue"
)

// A wire is one end of a connection in memory that claims to come from an
// address.
type wire struct {
	net.Conn
	from net.Addr
}

func (w wire) RemoteAddr() net.Addr { return w.from }

// A caller is a client of a session in memory.
type caller struct {
	t     *testing.T
	conn  net.Conn
	r     *bufio.Reader
	ended sync.WaitGroup
}

// call opens a session as if from an address.
func call(t *testing.T, srv *Server, d door, from string) *caller {
	t.Helper()
	client, server := net.Pipe()
	s := srv.newSession(wire{server, &net.TCPAddr{IP: net.ParseIP(from), Port: 2525}}, d, nil)
	c := &caller{t: t, conn: client, r: bufio.NewReader(client)}
	c.ended.Go(func() { s.run(context.Background()) })
	if d.implicit {
		c.handshake()
	}
	c.expect("", "220")
	return c
}

func (c *caller) handshake() {
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	c.conn, c.r = conn, bufio.NewReader(conn)
}

// ask sends a line, unless it is empty, and returns the code of the reply.
func (c *caller) ask(line string) string {
	c.t.Helper()
	_ = c.conn.SetDeadline(time.Now().Add(dialogue.Patience))
	if line != "" {
		if _, err := c.conn.Write([]byte(line + "\r\n")); err != nil {
			c.t.Fatalf("%s: %v", line, err)
		}
	}
	for {
		reply, err := c.r.ReadString('\n')
		if err != nil {
			c.t.Fatalf("%s: %v", line, err)
		}
		if len(reply) > 3 && reply[3] == ' ' {
			return reply[:3]
		}
	}
}

func (c *caller) expect(line, code string) {
	c.t.Helper()
	if got := c.ask(line); got != code {
		c.t.Fatalf("%s: got %s, want %s", line, got, code)
	}
}

func (c *caller) close() {
	_ = c.conn.Close()
	c.ended.Wait()
}

// TestNoOpenRelay tries every door, from everywhere, with and without TLS and
// password, and with every trick to name a recipient: only who has signed in on
// a submission port gets mail out.
func TestNoOpenRelay(t *testing.T) {
	t.Parallel()
	doors := map[string]door{"mx": doorMX, "submission": doorSubmission, "submissions": doorSubmissions}
	addresses := []string{"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "10.0.0.7", "192.0.2.1", "2001:db8::1"}
	strangers := []string{
		"carl@example.net", "<@example.org:carl@example.net>", "carl%example.net@example.org", "example.net!carl@example.org",
		`"carl@example.net"@example.org`, "carl@example.net@example.org", "carl@[192.0.2.1]", "carl@[127.0.0.1]", "carl@localhost",
		"carl@example.net.", "carl@example.org.example.net",
	}
	for name, d := range doors {
		for _, plaintext := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/plaintext=%t", name, plaintext), func(t *testing.T) {
				t.Parallel()
				h := newHouse(t)
				srv := h.server(Config{PlaintextLoopback: plaintext, Limits: Limits{Mistakes: 100, Hourly: Hourly{Mistakes: -1}}})
				for _, from := range addresses {
					for _, signsIn := range []bool{false, true} {
						c := call(t, srv, d, from)
						in := tryRelay(c, signsIn, strangers)
						c.close()
						loopback := !slices.Contains(addresses[4:], from)
						private := d.implicit || plaintext && loopback
						if want := signsIn && d.submit && private; in != want {
							t.Errorf("from %s, signs in %t: relayed %t", from, signsIn, in)
						}
						h.emptyQueue(t, in)
					}
				}
			})
		}
	}
}

// tryRelay reports whether any stranger was accepted as a recipient.
func tryRelay(c *caller, signsIn bool, strangers []string) (accepted bool) {
	c.ask("EHLO client.example.net")
	if signsIn {
		c.ask("AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+annaAddress+"\x00"+annaPassword)))
	}
	c.ask("MAIL FROM:<" + annaAddress + ">")
	for _, address := range strangers {
		if c.ask("RCPT TO:<"+strings.Trim(address, "<>")+">") == "250" {
			accepted = true
		}
	}
	if c.ask("DATA") == "354" {
		c.expect("From: "+annaAddress+"\r\n\r\nHello.\r\n.", "250")
	}
	return accepted
}

// emptyQueue checks that there is something exactly when there should be, and
// takes it out.
func (h *house) emptyQueue(t *testing.T, want bool) {
	t.Helper()
	items, err := h.queue.List(t.Context())
	check(t, err)
	if (len(items) > 0) != want {
		t.Errorf("%d messages are queued, want some: %t", len(items), want)
	}
	for _, item := range items {
		check(t, h.queue.Drop(t.Context(), item.ID))
	}
}

// STARTTLS makes a difference to port 25 in no way that lets mail out.
func TestNoRelayAfterSTARTTLS(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	srv := h.server(Config{PlaintextLoopback: true})
	c := call(t, srv, doorMX, "127.0.0.1")
	defer c.close()
	c.expect("EHLO client.example.net", "250")
	c.expect("STARTTLS", "220")
	c.handshake()
	if tryRelay(c, true, []string{"carl@example.net"}) {
		t.Error("relayed")
	}
}

package queue

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

// withRelay puts a relay into the world.
func (h *house) withRelay(use string) *mx {
	h.t.Helper()
	relay := startMX(h.t)
	ca := newAuthority(h.t)
	relay.certify(ca, "smtp.relay.example")
	h.courier.Roots = ca.pool
	h.courier.Relay = &Relay{
		Address: "smtp.relay.example:587", TLS: "starttls", Use: use, Domains: []string{"near.example"},
		Username: "home", Password: func() (string, error) { return "s3cret", nil },
	}
	relay.extensions = append(relay.extensions, "AUTH PLAIN LOGIN")
	h.place("smtp.relay.example:587", relay.addr)
	return relay
}

// TestRelay hands everything to the relay, over TLS and signed in.
func TestRelay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tls  string
		auth string // that the relay offers
		want string // the line that signs in
	}{
		"starttls": {"starttls", "AUTH PLAIN LOGIN", "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00home\x00s3cret"))},
		"implicit": {"implicit", "AUTH PLAIN", "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00home\x00s3cret"))},
		"login":    {"starttls", "AUTH LOGIN", "AUTH LOGIN"},
		"none":     {"none", "AUTH PLAIN", "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00home\x00s3cret"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			relay := h.withRelay("always")
			relay.extensions = []string{"PIPELINING", c.auth}
			relay.implicit = c.tls == "implicit"
			asked := 0
			relay.answer(func(line string) string {
				if line == "AUTH LOGIN" || line == base64.StdEncoding.EncodeToString([]byte("home")) {
					asked++
					return "334 " + base64.StdEncoding.EncodeToString([]byte([]string{"", "Username:", "Password:"}[asked]))
				}
				if line == base64.StdEncoding.EncodeToString([]byte("s3cret")) {
					return "235 2.7.0 welcome"
				}
				return ""
			})
			h.courier.Relay.TLS = c.tls
			h.start()
			h.submit("bob@far.example")
			got := relay.wait(1)
			h.empty()
			if got[0].tls != (c.tls != "none") || relay.count(c.want) != 1 {
				t.Errorf("TLS %v; lines %q", got[0].tls, relay.lines)
			}
		})
	}
}

// TestRelayRefuses: a relay that does not let us in, or is somebody else, is for
// us to mend. The mail waits.
func TestRelayRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(h *house, relay *mx){
		"password": func(_ *house, relay *mx) {
			relay.answer(func(line string) string {
				if strings.HasPrefix(line, "AUTH") {
					return "535 5.7.8 Wrong password"
				}
				return ""
			})
		},
		"certificate": func(h *house, relay *mx) { relay.certify(newAuthority(h.t), "smtp.relay.example") },
		"no TLS":      func(_ *house, relay *mx) { relay.tls = nil },
		"not there":   func(h *house, _ *mx) { h.place("smtp.relay.example:587", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone)
			relay := h.withRelay("always")
			spoil(h, relay)
			h.start()
			got, reply := h.sends(relay)
			if got != nil || !reply.Temporary() || !strings.Contains(reply.Text, "the relay smtp.relay.example:587 does not take our mail") {
				t.Errorf("%+v, %s", got, reply)
			}
			if name != "password" && relay.count("AUTH") != 0 {
				t.Errorf("the password was told: %q", relay.lines)
			}
		})
	}
}

// TestRelayForDomains takes only some by the relay.
func TestRelayForDomains(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	relay, far := h.withRelay("domains"), startMX(t)
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.submit("bob@far.example", "cem@near.example")
	if got := far.wait(1); got[0].to()[0] != "bob@far.example" {
		t.Errorf("%+v", got)
	}
	if got := relay.wait(1); got[0].to()[0] != "cem@near.example" {
		t.Errorf("%+v", got)
	}
	h.empty()
}

// TestRelayAfterBlock tries directly until a provider refuses our address; its
// mail, for all its domains, then goes by the relay, and the owner is told.
func TestRelayAfterBlock(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"at the greeting": "greeting", "at RCPT": "RCPT", "at the end": "message"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, farZone+"customer.example. MX 10 mx9.far.example.\nmx9.far.example. A 192.0.2.9\n")
			relay, far := h.withRelay("blocked"), startMX(t)
			far.answer(func(got string) string {
				if strings.HasPrefix(got, line) {
					return "554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using zen.spamhaus.org"
				}
				return ""
			})
			h.place("192.0.2.1:25", far.addr)
			h.place("192.0.2.2:25", far.addr)
			h.place("192.0.2.9:25", far.addr)
			h.start()
			h.submit("bob@far.example")
			relay.wait(1)
			h.empty()
			tried := far.count("EHLO") + far.connections
			h.submit("dan@customer.example")
			relay.wait(2)
			h.empty()
			if far.count("EHLO")+far.connections != tried {
				t.Errorf("the provider was bothered again")
			}
			events, err := h.users.Audit(t.Context(), time.Time{}, 10)
			must(t, err)
			if events[0].Action != "queue.detour" || events[0].Subject != "far.example" || !strings.Contains(events[0].Detail, "spamhaus") {
				t.Errorf("%+v", events[0])
			}
			if told := h.inbox(); len(told) != 0 {
				t.Errorf("Ann was told: %s", told[0])
			}
		})
	}
}

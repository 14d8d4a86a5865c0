package smtpd

import (
	"errors"
	"strings"
	"testing"
	"time"

	"letterbox/delivery"
	"letterbox/internal/zone"
	"letterbox/mailauth"
	"letterbox/queue"
	"letterbox/resolver"
)

const worldZone = `
good.example.         TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.good.example.  TXT "v=DMARC1; p=reject"
soft.example.         TXT "v=spf1 -all"
_dmarc.soft.example.  TXT "v=DMARC1; p=quarantine"
`

// judging returns a server that checks mail, and its house.
func judging(t *testing.T) (*house, *Server) {
	t.Helper()
	h := newHouse(t)
	z := zone.Serve(t, worldZone)
	z.Fail("_dmarc.broken.example", "broken.example")
	return h, h.server(Config{Verifier: &mailauth.Verifier{Resolver: &resolver.Resolver{Servers: []string{z.Addr}}}})
}

// send sends a message from outside and returns the code that ends it.
func (c *caller) send(sender, to, text string) string {
	c.t.Helper()
	c.expect("EHLO there.example", "250")
	c.expect("MAIL FROM:<"+sender+">", "250")
	c.expect("RCPT TO:<"+to+">", "250")
	c.expect("DATA", "354")
	return c.ask(text + "\r\n.")
}

// TestJudged refuses, sorts and marks mail by what its author's domain says.
func TestJudged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, author, code, box, mark string }{
		"theirs":         {"192.0.2.1", "eve@good.example", "250", "INBOX", "dmarc=pass (p=reject dis=none)"},
		"forged":         {"192.0.2.9", "eve@good.example", "550", "", ""},
		"quarantined":    {"192.0.2.9", "eve@soft.example", "250", "Junk", "dmarc=fail (p=quarantine dis=quarantine)"},
		"no policy":      {"192.0.2.9", "eve@other.example", "250", "INBOX", "dmarc=none"},
		"nobody knows":   {"192.0.2.9", "eve@broken.example", "250", "INBOX", "dmarc=temperror"},
		"from ourselves": {"127.0.0.1", "eve@good.example", "250", "INBOX", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, srv := judging(t)
			caller := call(t, srv, doorMX, c.from)
			defer caller.close()
			text := "Authentication-Results: mx.example.org; dmarc=pass forged\r\nFrom: " + c.author + "\r\n\r\nx"
			if got := caller.send(c.author, annaAddress, text); got != c.code {
				t.Fatalf("%s, want %s", got, c.code)
			}
			if c.box == "" {
				return
			}
			got := h.messages(t, annaAddress, c.box)
			if len(got) != 1 || !strings.Contains(got[0], c.mark) || strings.Contains(got[0], "forged") {
				t.Errorf("%s has %q", c.box, got)
			}
		})
	}
}

// TestBounceComesBack lets a bounce of what was passed on through to its sender,
// and nothing else.
func TestBounceComesBack(t *testing.T) {
	t.Parallel()
	h, srv := judging(t)
	ctx := t.Context()
	at, err := h.queue.Rewrite(ctx, "cem@far.example", "example.org")
	check(t, err)
	caller := call(t, srv, doorMX, "192.0.2.9")
	defer caller.close()
	if code := caller.send("", at, "Subject: not delivered\r\n\r\nx"); code != "250" {
		t.Fatalf("the bounce: %s", code)
	}
	if got := h.queued(t); len(got) != 1 || got[0] != ":cem@far.example" {
		t.Errorf("queued %q", got)
	}
	caller.expect("MAIL FROM:<eve@other.example>", "250")
	caller.expect("RCPT TO:<"+at+">", "550") // no bounce
	caller.expect("RSET", "250")
	caller.expect("MAIL FROM:<>", "250")
	caller.expect("RCPT TO:<"+strings.Replace(at, "cem", "eve", 1)+">", "550") // another's
}

// TestLimitReplies says what a user may not send.
func TestLimitReplies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{&queue.LimitError{What: "3 messages"}, "452 4.7.1"},
		{errors.Join(queue.ErrFrozen, errors.New("more")), "550 5.7.1"},
		{(&delivery.Envelope{Received: time.Now(), Verdict: &mailauth.Verdict{DMARC: mailauth.DMARC{From: "a.example", Disposition: "reject"}}}).Refused(), "550 5.7.1"},
	} {
		if got := known(c.err); got == nil || !strings.HasPrefix(got.String(), c.want) {
			t.Errorf("%v: %v, want %s", c.err, got, c.want)
		}
	}
}

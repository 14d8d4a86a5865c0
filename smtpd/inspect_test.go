package smtpd

import (
	"context"
	"encoding/base64"
	"net"
	"strings"
	"testing"
	"time"

	"letterbox/junk"
)

// filtering returns a house whose mail is looked at, and its server.
func filtering(t *testing.T, o junk.Options) (*house, *Server) {
	t.Helper()
	h := newHouse(t)
	o.DB, o.Store, o.Log = h.db, h.store, h.log
	h.queue.Delivery.Junk = junk.New(o)
	return h, h.server(Config{})
}

// A scanner says what it was told to, of every message.
type scanner struct {
	says junk.Evidence
	err  error
	saw  *junk.Submission
}

func (s *scanner) Name() string { return "scanner" }
func (s *scanner) Ask(_ context.Context, m *junk.Submission) (junk.Evidence, error) {
	s.saw = &junk.Submission{Sender: m.Sender, Recipients: m.Recipients, Remote: m.Remote, Helo: m.Helo}
	return s.says, s.err
}

// TestInspected lets a filter refuse mail, put it into Junk, and fail: then the
// message arrives all the same.
func TestInspected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s               scanner
		code, box, mark string
	}{
		"refused":         {scanner{err: &junk.RefusedError{Code: 554, Text: "no pills here"}}, "554", "", ""},
		"refused for now": {scanner{err: &junk.RefusedError{Temporary: true, Text: "later"}}, "451", "", ""},
		"junk": {scanner{says: junk.Evidence{Decided: junk.ReasonVirus, Reasons: []junk.Reason{{Name: junk.ReasonVirus, Detail: "Eicar"}}}},
			"250", "Junk", "X-Letterbox-Junk: yes; score=0.0; threshold=5.0; decided=virus;\r\n\tvirus=0.0 (Eicar)"},
		"points": {scanner{says: junk.Evidence{Reasons: []junk.Reason{{Name: junk.ReasonRspamd, Points: 6, Detail: "add header"}}}},
			"250", "Junk", "X-Spam-Flag: YES\r\n"},
		"failed": {scanner{err: net.ErrClosed}, "250", "INBOX", "unchecked=0.0 (scanner did not answer)"},
		"fine":   {scanner{}, "250", "INBOX", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, srv := filtering(t, junk.Options{Peers: []junk.Peer{&c.s}})
			caller := call(t, srv, doorMX, "192.0.2.1")
			defer caller.close()
			if got := caller.send("carl@example.net", annaAddress, "From: carl@example.net\r\n\r\nx"); got != c.code {
				t.Fatalf("%s, want %s", got, c.code)
			}
			if c.s.saw.Sender != "carl@example.net" || len(c.s.saw.Recipients) != 1 || c.s.saw.Remote.String() != "192.0.2.1" {
				t.Errorf("the filter saw %+v", c.s.saw)
			}
			for _, box := range []string{"INBOX", "Junk"} {
				got := h.messages(t, annaAddress, box)
				if want := box == c.box; (len(got) == 1) != want || want && !strings.Contains(got[0], c.mark) {
					t.Errorf("%s has %q", box, got)
				}
			}
		})
	}
}

// TestUsersAreNotInspected: what they send is theirs.
func TestUsersAreNotInspected(t *testing.T) {
	t.Parallel()
	s := &scanner{err: &junk.RefusedError{Text: "no"}}
	h, srv := filtering(t, junk.Options{Peers: []junk.Peer{s}})
	caller := call(t, srv, doorSubmissions, "192.0.2.1")
	defer caller.close()
	caller.expect("EHLO laptop.example", "250")
	caller.expect("AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00"+annaAddress+"\x00"+annaPassword)), "235")
	if code := caller.send(annaAddress, "ben@example.org", "From: "+annaAddress+"\r\n\r\nx"); code != "250" {
		t.Fatalf("submitted: %s", code)
	}
	if got := h.messages(t, "ben@example.org", "INBOX"); len(got) != 1 || s.saw != nil {
		t.Errorf("ben has %q; the filter saw %+v", got, s.saw)
	}
}

// TestGreylisted asks strangers to come again, and lets them in when they do.
func TestGreylisted(t *testing.T) {
	t.Parallel()
	now := time.Now()
	h, srv := filtering(t, junk.Options{Greylist: &junk.Greylist{Delay: time.Minute}, Now: func() time.Time { return now }})
	caller := call(t, srv, doorMX, "192.0.2.1")
	defer caller.close()
	caller.expect("EHLO there.example", "250")
	caller.expect("MAIL FROM:<carl@example.net>", "250")
	caller.expect("RCPT TO:<"+annaAddress+">", "450")
	caller.expect("RCPT TO:<nobody@example.org>", "550")
	caller.expect("RSET", "250")
	caller.expect("MAIL FROM:<>", "250") // a bounce does not come twice
	caller.expect("RCPT TO:<"+annaAddress+">", "250")
	caller.expect("RSET", "250")
	now = now.Add(2 * time.Minute)
	if code := caller.send("carl@example.net", annaAddress, "From: carl@example.net\r\n\r\nx"); code != "250" {
		t.Errorf("came again: %s", code)
	}
	if got := h.messages(t, annaAddress, "INBOX"); len(got) != 1 {
		t.Errorf("the inbox has %q", got)
	}
}

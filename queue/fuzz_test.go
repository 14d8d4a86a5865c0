package queue

import (
	"bufio"
	"strings"
	"testing"
	"time"
)

// FuzzReply reads what servers say. What it takes can be kept and read again, and
// has nothing in it that could harm a log or a screen.
func FuzzReply(f *testing.F) {
	f.Add("250-mx\r\n250-PIPELINING\r\n250 SIZE 100\r\n")
	f.Add("550-5.1.1 No such user\r\n550 5.1.1 here\r\n")
	f.Add("421\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(text), maxReplyLine))
		if err != nil {
			return
		}
		if strings.ContainsAny(r.String(), "\x00\x1b\r\n") {
			t.Errorf("%q became %q", text, r)
		}
		again := parseReply(r.String())
		if again.Code != r.Code || again.Status() != r.Status() || again.String() != r.String() {
			t.Errorf("%q was kept as %q", r, again)
		}
		explain(r)
	})
}

// FuzzPolicy reads MTA-STS policies.
func FuzzPolicy(f *testing.F) {
	f.Add("version: STSv1\nmode: enforce\nmx: *.far.example\nmax_age: 86400\n", "mx.far.example")
	f.Fuzz(func(t *testing.T, text, host string) {
		now := time.Unix(1_800_000_000, 0)
		if p, err := parsePolicy([]byte(text), now); err == nil {
			p.allows(host)
			if p.Expires.Before(now) || p.Expires.After(now.Add(maxSTSAge)) {
				t.Errorf("%q holds until %s", text, p.Expires)
			}
		}
	})
}

// FuzzSRS takes addresses that claim to be rewritten here: none that was not.
func FuzzSRS(f *testing.F) {
	key, now := []byte("key"), time.Unix(1_800_000_000, 0)
	f.Add("SRS0=abcdefgh=ab=far.example=bob@home.example", "bob@far.example")
	f.Fuzz(func(t *testing.T, forged, sender string) {
		if original, err := srsOriginal([]byte("another key"), srsRewrite(key, sender, "home.example", now), now); err == nil && strings.Contains(sender, "@") {
			t.Errorf("another key opens it: %q", original)
		}
		if _, err := srsOriginal(key, forged, now); err == nil && !isSRS(forged) {
			t.Errorf("%q was taken", forged)
		}
	})
}

package junk

import (
	"math"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"letterbox/mailauth"
	"letterbox/message"
)

// A judgement comes back out of the header as it was, whatever strangers put into
// its details.
func TestJudgementIsKept(t *testing.T) {
	t.Parallel()
	for _, j := range []Judgement{
		{Junk: true, Score: 7.5, Threshold: 5, Reasons: []Reason{{ReasonContent, 7.5, "привет 0.99, a;b=1 0.98, \"x\" (y) 100% 0.9"}}},
		{Score: -3, Threshold: 5, Decided: ReasonAllowed, Reasons: []Reason{{ReasonListed, 3, "a.example lists 192.0.2.1"}, {ReasonAllowed, 0, "a@b.example"}}},
		{Score: 0, Threshold: 5, Reasons: []Reason{{ReasonUnchecked, 0, "x\r\nBcc: eve@evil.example\r\n\r\nbody"}}},
	} {
		field := j.Field()
		if n := len(message.HeaderValues(append(field, "\r\n"...), "Bcc")); n != 0 || strings.Contains(string(field), "\r\n\r\n") {
			t.Errorf("a stranger wrote a header field: %q", field)
		}
		if marked := strings.Contains(string(field), "X-Spam-Flag: YES\r\n"); marked != j.Junk {
			t.Errorf("X-Spam-Flag: %q", field)
		}
		got, found := Told(field)
		if diff := cmp.Diff(j, got); !found || diff != "" {
			t.Errorf("%q: %s", field, diff)
		}
		for line := range strings.Lines(string(field)) {
			if len(line) > 998 {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
	}
}

// What speaks for the sender alone is not worth a line.
func TestNothingToTell(t *testing.T) {
	t.Parallel()
	for _, reasons := range [][]Reason{nil, {{ReasonSender, -2, "x"}, {ReasonNetwork, -0.5, "y"}}} {
		if field := (Judgement{Reasons: reasons}).Field(); len(field) != 0 {
			t.Errorf("%q", field)
		}
	}
	if field := (Judgement{Reasons: []Reason{{ReasonSender, 2, "x"}}}).Field(); len(field) == 0 {
		t.Error("what speaks against the sender is not told")
	}
}

func TestLongDetail(t *testing.T) {
	t.Parallel()
	j := Judgement{Reasons: []Reason{{ReasonContent, 1, strings.Repeat("я", 5000)}}}
	if n := len(j.Field()); n > 600 {
		t.Errorf("the field has %d bytes", n)
	}
	if _, found := Told(j.Field()); !found {
		t.Error("it cannot be read")
	}
}

func FuzzParseField(f *testing.F) {
	f.Add("yes; score=7.5; threshold=5.0; decided=denied;\r\n\tcontent=7.5 (a 0.99, %D0%B0 0.01)")
	f.Add("no")
	f.Add("yes; =;x= (")
	f.Fuzz(func(t *testing.T, value string) {
		j, ok := ParseField(value)
		if !ok {
			return
		}
		if math.IsNaN(j.Score) {
			t.Errorf("%q has no score", value)
		}
		for line := range strings.Lines(string(j.Field())) {
			if !strings.HasSuffix(line, "\r\n") {
				t.Errorf("%q makes the line %q", value, line)
			}
		}
	})
}

// Who a message is from is read from our own lines as it was found out when it came.
func TestSenders(t *testing.T) {
	t.Parallel()
	type verdict = mailauth.Verdict
	none := mailauth.ARC{Result: mailauth.None}
	for name, test := range map[string]struct {
		from   string
		remote string
		v      *verdict
		want   Sender
	}{
		"dmarc passes": {"Carl <Carl@Example.net>", "192.0.2.1",
			&verdict{DMARC: mailauth.DMARC{Result: mailauth.Pass, From: "example.net", Policy: "reject", Disposition: "none"}, ARC: none},
			Sender{"carl@example.net", "192.0.2.0/24", true, false}},
		"dmarc fails": {"carl@example.net", "192.0.2.1",
			&verdict{DMARC: mailauth.DMARC{Result: mailauth.Fail, From: "example.net", Policy: "none", Disposition: "none"}, ARC: none},
			Sender{"carl@example.net", "192.0.2.0/24", false, true}},
		"signed": {"carl@example.net", "2001:db8:1:2::3",
			&verdict{DKIM: []mailauth.DKIM{{Result: mailauth.Fail, Domain: "other.example"}, {Result: mailauth.Pass, Domain: "example.net", Selector: "s"}},
				DMARC: mailauth.DMARC{Result: mailauth.None, From: "example.net"}, ARC: none},
			Sender{"carl@example.net", "2001:db8:1::/48", true, false}},
		"signed by another": {"carl@example.net", "192.0.2.1",
			&verdict{DKIM: []mailauth.DKIM{{Result: mailauth.Pass, Domain: "other.example"}}, DMARC: mailauth.DMARC{Result: mailauth.None, From: "example.net"}, ARC: none},
			Sender{"carl@example.net", "192.0.2.0/24", false, false}},
		"from its servers": {"carl@mail.example.net", "192.0.2.1",
			&verdict{SPF: mailauth.SPF{Result: mailauth.Pass, Domain: "example.net", Sender: "bounce@example.net"}, DMARC: mailauth.DMARC{Result: mailauth.None, From: "mail.example.net"}, ARC: none},
			Sender{"carl@mail.example.net", "192.0.2.0/24", true, false}},
		"not from its servers": {"carl@example.net", "192.0.2.1",
			&verdict{SPF: mailauth.SPF{Result: mailauth.Fail, Domain: "example.net", Sender: "carl@example.net"}, DMARC: mailauth.DMARC{Result: mailauth.None, From: "example.net"}, ARC: none},
			Sender{"carl@example.net", "192.0.2.0/24", false, true}},
		"unchecked":   {"carl@example.net", "127.0.0.1", nil, Sender{"carl@example.net", "", false, false}},
		"two authors": {"a@example.net, b@example.net", "192.0.2.1", nil, Sender{"", "192.0.2.0/24", false, false}},
		"nobody":      {"", "192.0.2.1", nil, Sender{"", "192.0.2.0/24", false, false}},
	} {
		raw := []byte("From: " + test.from + "\r\n\r\n")
		remote := netip.MustParseAddr(test.remote)
		if got := senderOf(message.ParseHeader(raw), remote, test.v); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
		literal := remote.String()
		if remote.Is6() {
			literal = "IPv6:" + literal
		}
		prefix := []byte("Return-Path: <x@y.example>\r\nDelivered-To: anna@example.org\r\n")
		if test.v != nil {
			prefix = append(prefix, test.v.Field("mx.example.org")...)
		}
		prefix = append(prefix, "Received: from a.example (a.example\r\n\t["+literal+"]) by mx.example.org (Letterbox) with ESMTP id 1; today\r\n"...)
		if got := senderIn(prefix, raw); got != test.want {
			t.Errorf("%s: by our lines %+v, want %+v", name, got, test.want)
		}
	}
}

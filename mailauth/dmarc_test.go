package mailauth

import (
	"net/netip"
	"testing"
	"time"
)

// TestDMARC goes through who may speak for whom. The machine at 192.0.2.1 may
// send for every domain that publishes SPF here.
func TestDMARC(t *testing.T) {
	t.Parallel()
	keys, records := keysOf(t, "home.example")
	v, z := verifier(t, records+`
home.example.             TXT "v=spf1 ip4:192.0.2.1 -all"
news.home.example.        TXT "v=spf1 ip4:192.0.2.1 -all"
office.example.           TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.home.example.      TXT "v=DMARC1; p=reject; sp=quarantine; rua=mailto:dmarc@home.example"
_dmarc.strict.example.    TXT "v=DMARC1; p=reject; aspf=s; adkim=s"
sub.strict.example.       TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.trial.example.     TXT "v=DMARC1; p=reject; pct=0"
_dmarc.watch.example.     TXT "v=DMARC1; p=none"
_dmarc.twice.example.     TXT "v=DMARC1; p=none"
_dmarc.twice.example.     TXT "v=DMARC1; p=reject"
_dmarc.other.example.     TXT "v=spf1 -all"
_dmarc.ann.github.io.     TXT "v=DMARC1; p=reject"
github.io.                TXT "v=spf1 ip4:192.0.2.1 -all"
later.example.            TXT "v=spf1 include:down.example -all"
_dmarc.later.example.     TXT "v=DMARC1; p=reject"
`)
	z.Fail("_dmarc.down.example", "down.example")
	for name, c := range map[string]struct {
		sender, from string
		signed       bool
		result       Result
		policy, do   string
	}{
		"SPF of the author":             {"ann@home.example", "ann@home.example", false, Pass, "reject", "none"},
		"SPF of a subdomain":            {"bounce@news.home.example", "ann@home.example", false, Pass, "reject", "none"},
		"SPF of a stranger":             {"ann@office.example", "ann@home.example", false, Fail, "reject", "reject"},
		"a stranger, but signed":        {"ann@office.example", "ann@home.example", true, Pass, "reject", "none"},
		"from a subdomain":              {"ann@office.example", "ann@sub.home.example", false, Fail, "quarantine", "quarantine"},
		"from a subdomain, signed":      {"ann@office.example", "ann@sub.home.example", true, Pass, "quarantine", "none"},
		"strict":                        {"ann@sub.strict.example", "ann@strict.example", false, Fail, "reject", "reject"},
		"for none of the mail":          {"ann@office.example", "ann@trial.example", false, Fail, "reject", "none"},
		"watching":                      {"ann@office.example", "ann@watch.example", false, Fail, "none", "none"},
		"two policies":                  {"ann@office.example", "ann@twice.example", false, None, "", "none"},
		"no policy but SPF there":       {"ann@office.example", "ann@other.example", false, None, "", "none"},
		"no policy":                     {"ann@office.example", "ann@nowhere.example", false, None, "", "none"},
		"a public suffix is nobody":     {"ann@github.io", "ann@ann.github.io", false, Fail, "reject", "reject"},
		"DNS is down":                   {"ann@office.example", "ann@down.example", false, TempError, "", "none"},
		"SPF cannot be asked":           {"ann@later.example", "ann@later.example", false, TempError, "reject", "none"},
		"no sender, HELO of the author": {"", "ann@home.example", false, Pass, "reject", "none"},
		"no author":                     {"ann@home.example", "nobody", false, PermError, "", "none"},
		"authors of two domains":        {"ann@home.example", "ann@home.example, bob@office.example", false, PermError, "", "none"},
		"two authors of one domain":     {"ann@home.example", "ann@home.example, bob@home.example", false, Pass, "reject", "none"},
		"two From fields":               {"ann@home.example", "ann@home.example\r\nFrom: bob@office.example", false, PermError, "", "none"},
	} {
		raw := text("From: "+c.from, "Subject: x", "", "x")
		if c.signed {
			fields, err := Sign(raw, keys, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			raw = append(fields, raw...)
		}
		got := v.Check(t.Context(), Session{Remote: netip.MustParseAddr("192.0.2.1"), Helo: "home.example", Sender: c.sender}, raw).DMARC
		if got.Result != c.result || got.Policy != c.policy || got.Disposition != c.do {
			t.Errorf("%s: %s p=%s dis=%s (%s), want %s p=%s dis=%s", name,
				got.Result, got.Policy, got.Disposition, got.Reason, c.result, c.policy, c.do)
		}
	}
	found := check(t, v, letter).DMARC
	if len(found.Reports) != 1 || found.Reports[0] != "mailto:dmarc@home.example" {
		t.Errorf("reports go to %q", found.Reports)
	}
}

func TestSPF(t *testing.T) {
	t.Parallel()
	v, z := verifier(t, `
home.example.   TXT "v=spf1 mx include:more.example ~all"
home.example.   MX  10 mx.home.example.
mx.home.example. A  192.0.2.1
mx.home.example. AAAA 2001:db8::1
mx.home.example. TXT "v=spf1 a -all"
more.example.   TXT "v=spf1 ip4:198.51.100.0/24 ?exists:%{l}.known.example -all"
bob.known.example. A 127.0.0.2
office.example. TXT "v=spf1 -all"
loop.example.   TXT "v=spf1 include:loop.example -all"
`)
	z.Fail("down.example")
	for _, c := range []struct {
		remote, helo, sender string
		want                 Result
	}{
		{"192.0.2.1", "x", "ann@home.example", Pass},
		{"::ffff:192.0.2.1", "x", "ann@home.example", Pass},
		{"2001:db8::1", "x", "ann@home.example", Pass},
		{"198.51.100.7", "x", "ann@home.example", Pass},
		{"203.0.113.1", "x", "ann@home.example", SoftFail},
		{"203.0.113.1", "x", "bob@office.example", Fail},
		{"203.0.113.1", "x", "bob@loop.example", PermError},
		{"203.0.113.1", "x", "bob@down.example", TempError},
		{"203.0.113.1", "x", "bob@nowhere.example", None},
		{"192.0.2.1", "mx.home.example", "", Pass},
		{"192.0.2.9", "mx.home.example", "", Fail},
		{"192.0.2.9", "", "", None},
	} {
		got := v.spf(t.Context(), Session{netip.MustParseAddr(c.remote), c.helo, c.sender})
		if got.Result != c.want {
			t.Errorf("%s for %q: %s (%s), want %s", c.remote, c.sender, got.Result, got.Reason, c.want)
		}
	}
}

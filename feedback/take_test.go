package feedback

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"letterbox/mailauth"
	"letterbox/phrase"
	"letterbox/report"
)

// mailed is a report of the great reporters, about home.example instead.
func mailed(t testing.TB, file string, change ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "report", "testdata", file))
	check(t, err)
	text = []byte(strings.NewReplacer(append(change, "Example.ORG.", "home.example", "example.org", "home.example")...).Replace(string(text)))
	return fmt.Appendf(nil, "From: reports@search.example\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\n%s", text)
}

// signed is by whom a mail is signed.
func signed(domain string) *mailauth.Verdict {
	return &mailauth.Verdict{DMARC: mailauth.DMARC{Result: mailauth.None, From: domain, DKIMAligned: true}}
}

// TestTake keeps reports of those who stand for them, once each.
func TestTake(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	ctx := t.Context()
	for range 2 { // the second time it is known
		check(t, h.Take(ctx, signed("mail.search.example"), "x@search.example", mailed(t, "dmarc-1.xml")))
	}
	check(t, h.Take(ctx, signed("office.example"), "", mailed(t, "dmarc-2.xml")))
	check(t, h.Take(ctx, signed("search.example"), "", mailed(t, "tls-1.json")))
	check(t, h.Take(ctx, nil, "", mailed(t, "tls-2.json"))) // from this very machine
	spf := signed("search.example")
	spf.DMARC.DKIMAligned, spf.DMARC.SPFAligned = false, true
	check(t, h.Take(ctx, spf, "", mailed(t, "dmarc-1.xml", "4117240837614538221", "another")))
	if n := h.kept(t, "report"); n != 5 {
		t.Errorf("%d reports", n)
	}
	for name, c := range map[string]struct {
		verdict *mailauth.Verdict
		raw     []byte
		want    string
	}{
		"unsigned":           {&mailauth.Verdict{}, mailed(t, "dmarc-1.xml"), "signature"},
		"TLS with SPF alone": {spf, mailed(t, "tls-1.json"), "signature"},
		"about others":       {signed("search.example"), mailed(t, "dmarc-1.xml", "<domain>example.org</domain>\n    <adkim>", "<domain>x.example</domain><adkim>"), "not served here"},
		"a letter":           {signed("search.example"), []byte("Subject: x\r\n\r\nhello"), "write to postmaster"},
		"broken":             {signed("search.example"), mailed(t, "dmarc-1.xml", "</feedback>", ""), "read DMARC report"},
	} {
		var refused *RefusedError
		if err := h.Take(ctx, c.verdict, "x@search.example", c.raw); !errors.As(err, &refused) || !strings.Contains(refused.Text, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	check(t, h.Take(ctx, &mailauth.Verdict{}, "", []byte("Subject: Undeliverable\r\n\r\nyour report"))) // a bounce
	if n := h.kept(t, "report"); n != 5 {
		t.Errorf("%d reports", n)
	}
}

// TestTakeBounded lets nobody fill the disk, and forgets what is old.
func TestTakeBounded(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	for i := range maxOfReporter {
		check(t, h.Take(t.Context(), signed("search.example"), "", mailed(t, "dmarc-1.xml", "4117240837614538221", fmt.Sprint(i))))
	}
	var refused *RefusedError
	if err := h.Take(t.Context(), signed("search.example"), "", mailed(t, "dmarc-1.xml")); !errors.As(err, &refused) || !refused.Temporary {
		t.Errorf("one more: %v", err)
	}
	check(t, h.Take(t.Context(), signed("other.example"), "", mailed(t, "dmarc-1.xml")))
	h.now = h.now.AddDate(0, 0, keepDays+2)
	check(t, h.Tidy(t.Context()))
	if n, lines := h.kept(t, "report"), h.kept(t, "dmarc_line"); n != 0 || lines != 0 {
		t.Errorf("%d reports with %d lines", n, lines)
	}
}

// TestOldestGo makes room for what is new.
func TestOldestGo(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	big := report.DMARC{Policy: report.Policy{Domain: "home.example"}}
	for i := range maxLines + 10 {
		big.Records = append(big.Records, report.Record{Source: fmt.Sprintf("10.0.%d.%d", i>>8, i&255), Count: int64(i), From: "home.example"})
	}
	const reports = maxAllLines/maxLines + 3
	for i := range reports {
		big.Metadata = report.Metadata{ID: fmt.Sprint(i), Begin: int64(1000 * i), End: int64(1000*i + 999)}
		h.keep(t, report.Document{DMARC: &big})
	}
	if n, lines := h.kept(t, "report"), h.kept(t, "dmarc_line"); n != maxAllLines/maxLines || lines != maxAllLines {
		t.Errorf("%d reports with %d lines", n, lines)
	}
}

const sourceZone = `
mail.host.example.            A   192.0.2.25
25.2.0.192.in-addr.arpa.      PTR mail.host.example.
77.100.51.198.in-addr.arpa.   PTR mail198.atl81.rsgsv.net.
mail198.atl81.rsgsv.net.      A   198.51.100.77
9.113.0.203.in-addr.arpa.     PTR www.bank.example.
`

// at is a record about so many messages from an address.
func at(source string, n int64, spf, dkim report.AuthResult) report.Record {
	r := report.Record{Source: source, Count: n, From: "home.example", SPF: "fail", DKIM: "fail", Disposition: "none"}
	if spf.Domain != "" {
		r.Senders = []report.AuthResult{spf}
	}
	if dkim.Domain != "" {
		r.Signatures = []report.AuthResult{dkim}
	}
	if spf.Domain == "home.example" && spf.Result == "pass" {
		r.SPF = "pass"
	}
	if dkim.Domain == "home.example" && dkim.Result == "pass" {
		r.DKIM = "pass"
	}
	return r
}

// dmarcOn files a report about a day so many days ago.
func (h *house) dmarcOn(t testing.TB, ago int, records ...report.Record) {
	t.Helper()
	begin := h.now.AddDate(0, 0, -ago).Add(-time.Hour)
	h.keep(t, report.Document{DMARC: &report.DMARC{
		Policy: report.Policy{Domain: "home.example"}, Records: records,
		Metadata: report.Metadata{ID: fmt.Sprint(ago, len(records), h.kept(t, "report")), Begin: begin.Unix(), End: begin.Unix()},
	}})
}

var (
	none    = report.AuthResult{}
	ownSPF  = report.AuthResult{Domain: "home.example", Result: "pass"}
	ownDKIM = report.AuthResult{Domain: "home.example", Result: "pass"}
	badSPF  = report.AuthResult{Domain: "home.example", Result: "softfail"}
	badDKIM = report.AuthResult{Domain: "home.example", Result: "fail"}
)

// TestSources says who sends in a domain's name, and what is wrong with each.
func TestSources(t *testing.T) {
	t.Parallel()
	h := build(t, sourceZone)
	h.dmarcOn(t, 1,
		at("192.0.2.25", 40, ownSPF, ownDKIM),
		at("192.0.2.25", 1, none, badDKIM),
		at("198.51.100.77", 30, report.AuthResult{Domain: "mail198.atl81.rsgsv.net", Result: "pass"}, none),
		at("203.0.113.9", 20, badSPF, none), // calls itself a bank's, which does not know it
		at("203.0.113.10", 4, none, badDKIM),
		at("203.0.113.11", 3, none, none),
		at("203.0.113.12", 2, report.AuthResult{Domain: "lists.example", Result: "pass"}, ownDKIM),
	)
	h.look(t.Context())
	s, err := h.Summarize(t.Context(), "home.example", h.now.AddDate(0, 0, -7), h.now)
	check(t, err)
	var got []string
	for _, source := range s.Sources {
		got = append(got, fmt.Sprintf("%s: %s %d/%d %s", source.Name, source.Cause, source.Failed(), source.Messages, source.As))
	}
	want := []string{
		"Mailchimp: unaligned 30/30 mail198.atl81.rsgsv.net",
		"203.0.113.9: unlisted 20/20 ",
		"203.0.113.10: altered 4/4 ",
		"203.0.113.11: unknown 3/3 ",
		"host.example: own 1/41 ",
		"203.0.113.12: fine 0/2 ",
	}
	if !slices.Equal(got, want) || s.Messages != 100 || s.Passed != 42 {
		t.Errorf("%d of %d:\n%s", s.Passed, s.Messages, strings.Join(got, "\n"))
	}
}

// findings are the ids of what became worse, and the texts of one.
func (h *house) findings(t testing.TB) (ids []string) {
	t.Helper()
	h.look(t.Context())
	for _, f := range h.Findings(t.Context()) {
		ids = append(ids, f.ID())
		for _, l := range phrase.Known() {
			said := f.In(l)
			for _, text := range []string{said.Title, said.Means, said.Saw, said.Do} {
				if text == "" || strings.Contains(text, "%!") {
					t.Errorf("%s in %s: %+v", f.Kind, l.Tag(), said)
				}
			}
		}
	}
	return ids
}

// TestWorse finds what changed for the worse, and nothing in what is as it was.
func TestWorse(t *testing.T) {
	t.Parallel()
	fine := at("192.0.2.25", 200, ownSPF, ownDKIM)
	mailchimp := at("198.51.100.77", 30, report.AuthResult{Domain: "mail198.atl81.rsgsv.net", Result: "pass"}, none)
	ses := at("203.0.113.50", 12, report.AuthResult{Domain: "home.example", Result: "fail"}, none)
	stranger := at("203.0.113.51", 15, badSPF, none)
	for name, c := range map[string]struct {
		before, lately []report.Record
		want           []string
	}{
		"nothing":              {nil, nil, nil},
		"all is well":          {[]report.Record{fine}, []report.Record{fine}, nil},
		"a new service":        {[]report.Record{fine}, []report.Record{fine, mailchimp}, []string{"report.unaligned:home.example Mailchimp"}},
		"a known service":      {[]report.Record{fine, mailchimp}, []report.Record{fine, mailchimp}, nil},
		"not in SPF":           {[]report.Record{fine}, []report.Record{fine, ses}, []string{"report.include:home.example Amazon SES"}},
		"a forger":             {[]report.Record{fine}, []report.Record{fine, stranger}, nil},
		"a server that sends":  {[]report.Record{fine}, []report.Record{at("192.0.2.25", 20, ownSPF, ownDKIM), stranger}, []string{"report.unlisted:home.example 203.0.113.51"}},
		"this very server":     {[]report.Record{fine}, []report.Record{fine, at("192.0.2.25", 20, badSPF, badDKIM)}, []string{"report.own:home.example"}},
		"one of this server's": {[]report.Record{fine}, []report.Record{fine, at("192.0.2.25", 2, badSPF, badDKIM)}, nil},
		"less passes":          {[]report.Record{fine}, []report.Record{fine, at("203.0.113.60", 90, none, none)}, []string{"report.share:home.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, sourceZone+"50.113.0.203.in-addr.arpa. PTR a1.smtp-out.amazonses.com.\na1.smtp-out.amazonses.com. A 203.0.113.50\n")
			h.dmarcOn(t, 14, c.before...)
			h.dmarcOn(t, 2, c.lately...)
			if got := h.findings(t); !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// TestTLSWorse finds that others cannot encrypt, when it is more than a few.
func TestTLSWorse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		good, bad int64
		found     bool
	}{"none": {100, 0, false}, "one": {100, 1, false}, "some": {100, 4, true}, "few of many": {10_000, 4, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, "")
			result := report.TLSResult{
				Policy: report.TLSPolicy{Type: report.PolicySTS, Domain: "home.example"}, Summary: report.TLSSummary{Good: c.good, Bad: c.bad},
			}
			if c.bad > 0 {
				result.Failures = []report.Failure{{Result: report.CertificateExpired, Host: "mail.host.example", Count: c.bad}}
			}
			begin := h.now.AddDate(0, 0, -1)
			h.keep(t, report.Document{TLS: &report.TLS{ID: "1", Dates: report.Dates{Begin: begin, End: begin}, Policies: []report.TLSResult{result}}})
			if got := h.findings(t); (len(got) == 1) != c.found {
				t.Errorf("found %q", got)
			}
		})
	}
}

// TestReportChangesOpinion tells a finding as soon as the report is there.
func TestReportChangesOpinion(t *testing.T) {
	t.Parallel()
	h := build(t, sourceZone)
	if got := h.findings(t); got != nil {
		t.Fatalf("found %q", got)
	}
	h.now = time.Unix(1764028799, 0).AddDate(0, 0, 2)
	check(t, h.Take(t.Context(), signed("search.example"), "", mailed(t, "dmarc-1.xml")))
	if got := h.Findings(t.Context()); len(got) != 1 || got[0].ID() != "report.unaligned:home.example Mailchimp" {
		t.Errorf("found %+v", got)
	}
}

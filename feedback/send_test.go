package feedback

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"letterbox/database"
	"letterbox/report"
)

// TestDMARC counts what is alike and tells it once, on the next day.
func TestDMARC(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	for range 3 {
		h.Judged(forged("mailto:dmarc@far.example"), somewhere)
	}
	h.Judged(forged("mailto:dmarc@far.example"), netip.MustParseAddr("2001:db8::1"))
	h.Judged(forged("https://far.example/"), somewhere) // DMARC knows mail alone
	h.Judged(forged(), somewhere)
	check(t, h.SendDue(t.Context()))
	if len(h.posted) != 0 {
		t.Fatal("sent before the day was over")
	}
	h.tomorrow(t)
	for range 2 {
		check(t, h.SendDue(t.Context()))
	}
	if len(h.posted) != 1 || h.kept(t, "observation") != 0 {
		t.Fatalf("%d mails, %d rows left", len(h.posted), h.kept(t, "observation"))
	}
	m := h.posted[0]
	if m.From != "letterbox-reports@host.example" || !slices.Equal(m.To, []string{"dmarc@far.example"}) || m.Lax {
		t.Errorf("%+v", m)
	}
	if !bytes.Contains(m.Raw, []byte(`filename="host.example!far.example!1795478400!1795564799.xml.gz"`)) {
		t.Errorf("the file has another name:\n%.900s", m.Raw)
	}
	d, err := report.Open(m.Raw)
	check(t, err)
	if len(d.DMARC.Records) != 2 || d.DMARC.Policy.Own != "reject" || d.DMARC.Policy.Subdomain != "reject" {
		t.Fatalf("%+v", d.DMARC)
	}
	r := d.DMARC.Records[0]
	if r.Source != "192.0.2.7" || r.Count != 3 || r.From != "sub.far.example" || r.Disposition != "reject" || r.Passes() ||
		r.Senders[0] != (report.AuthResult{Domain: "evil.example", Scope: "mfrom", Result: "pass"}) ||
		r.Signatures[0] != (report.AuthResult{Domain: "far.example", Selector: "s1", Result: "fail"}) {
		t.Errorf("%+v", r)
	}
}

// TestExternal asks whether a destination in another domain wants the reports.
func TestExternal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		records, uri string
		want         string // addresses; "later" when it cannot be known now
	}{
		"same organization":      {"", "mailto:a@reports.far.example", "a@reports.far.example"},
		"nobody asked":           {"", "mailto:a@victim.example", ""},
		"agreed":                 {`far.example._report._dmarc.third.example. TXT "v=DMARC1"`, "mailto:a@third.example", "a@third.example"},
		"agreed, elsewhere":      {`far.example._report._dmarc.third.example. TXT "v=DMARC1; rua=mailto:b@third.example"`, "mailto:a@third.example", "b@third.example"},
		"agreed, for a victim":   {`far.example._report._dmarc.third.example. TXT "v=DMARC1; rua=mailto:b@victim.example"`, "mailto:a@third.example", ""},
		"something else":         {`far.example._report._dmarc.third.example. TXT "v=spf1"`, "mailto:a@third.example", ""},
		"about somebody else":    {`other.example._report._dmarc.third.example. TXT "v=DMARC1"`, "mailto:a@third.example", ""},
		"cannot be asked":        {"", "mailto:a@down.example", "later"},
		"one of two":             {"", "mailto:a@victim.example,mailto:b@far.example", "b@far.example"},
		"too large for the one":  {"", "mailto:a@far.example!1k,mailto:b@far.example!1m", "b@far.example"},
		"too large for everyone": {"", "mailto:a@far.example!100", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, c.records)
			h.zone.Fail("far.example._report._dmarc.down.example")
			h.Judged(forged(strings.Split(c.uri, ",")...), somewhere)
			h.tomorrow(t)
			check(t, h.SendDue(t.Context()))
			var to []string
			for _, m := range h.posted {
				to = append(to, m.To...)
			}
			later := c.want == "later"
			if got := strings.Join(to, ","); got != c.want && !later || later && got != "" {
				t.Errorf("sent to %q", got)
			}
			if (h.kept(t, "observation") > 0) != later {
				t.Errorf("kept for later: %v", !later)
			}
			h.now = h.now.AddDate(0, 0, maxLate)
			check(t, h.SendDue(t.Context()))
			if h.kept(t, "observation") > 0 {
				t.Error("kept for ever")
			}
		})
	}
}

// TestSentOnce keeps what was seen until the mail is in the queue, by one
// transaction: whatever fails, the report is there once.
func TestSentOnce(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	h.Judged(forged("mailto:dmarc@far.example"), somewhere)
	h.tomorrow(t)
	h.broken = errors.New("the power is gone")
	check(t, h.SendDue(t.Context()))
	if len(h.posted) != 0 || h.kept(t, "observation") != 1 {
		t.Fatalf("%d mails, %d rows", len(h.posted), h.kept(t, "observation"))
	}
	h.broken = nil
	check(t, h.SendDue(t.Context()))
	check(t, h.SendDue(t.Context()))
	if len(h.posted) != 1 || h.kept(t, "observation") != 0 {
		t.Errorf("%d mails, %d rows", len(h.posted), h.kept(t, "observation"))
	}
}

// TestSwitchedOff sees nothing and sends nothing.
func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	h.Judged(forged("mailto:dmarc@far.example"), somewhere)
	h.tomorrow(t)
	h.Send = false
	h.Judged(forged("mailto:dmarc@far.example"), somewhere)
	check(t, h.SendDue(t.Context()))
	if len(h.posted) != 0 || h.kept(t, "observation") != 0 {
		t.Errorf("%d mails, %d rows", len(h.posted), h.kept(t, "observation"))
	}
	var none *Feedback
	none.Judged(forged("mailto:dmarc@far.example"), somewhere)
	none.Connected(report.TLSPolicy{}, nil)
	check(t, none.Flush(t.Context()))
}

// TestBounded keeps a part of what somebody sends from everywhere.
func TestBounded(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	for i := range maxOfDomain + 50 {
		h.Judged(forged("mailto:dmarc@far.example"), netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
	}
	check(t, h.Flush(t.Context()))
	for i := range maxOfDomain + 100 { // all again: those that are there count on
		h.Judged(forged("mailto:dmarc@far.example"), netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
	}
	check(t, h.Flush(t.Context()))
	var total int
	check(t, h.DB.Read(t.Context(), func(c *database.Conn) error {
		return c.QueryRow(`SELECT sum(count) FROM observation`).Scan(&total)
	}))
	if rows := h.kept(t, "observation"); rows != maxOfDomain || total != 2*maxOfDomain {
		t.Errorf("%d rows for %d messages", rows, total)
	}
	for i := range maxSeen + 10 {
		h.Judged(forged("mailto:dmarc@far.example"), netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}))
	}
	if len(h.seen) != maxSeen {
		t.Errorf("%d in memory", len(h.seen))
	}
}

var sts = report.TLSPolicy{Type: report.PolicySTS, Domain: "far.example", String: []string{"version: STSv1"}, Hosts: []string{"mx.far.example"}}

// TestTLS tells how encryption went, by mail that leaves whatever becomes of its own.
func TestTLS(t *testing.T) {
	t.Parallel()
	h := build(t, `_smtp._tls.far.example. TXT "v=TLSRPTv1; rua=mailto:tls@elsewhere.example"`)
	for range 2 {
		h.Connected(sts, nil)
	}
	h.Connected(sts, &report.Failure{Result: report.CertificateExpired, Host: "mx.far.example"})
	h.Connected(report.TLSPolicy{Type: report.PolicyNone, Domain: "far.example"}, nil)
	h.Connected(report.TLSPolicy{Type: report.PolicyNone, Domain: "silent.example"}, nil)
	h.tomorrow(t)
	check(t, h.SendDue(t.Context()))
	if len(h.posted) != 1 || h.kept(t, "observation") != 0 {
		t.Fatalf("%d mails, %d rows", len(h.posted), h.kept(t, "observation"))
	}
	m := h.posted[0]
	if !m.Lax || m.To[0] != "tls@elsewhere.example" || !bytes.Contains(m.Raw, []byte("TLS-Report-Submitter: host.example\r\n")) {
		t.Errorf("%+v", m)
	}
	d, err := report.Open(m.Raw)
	check(t, err)
	if p := d.TLS.Policies; len(p) != 2 || p[0].Policy.Type != report.PolicyNone || p[0].Summary.Good != 1 ||
		p[1].Summary != (report.TLSSummary{Good: 2, Bad: 1}) || p[1].Failures[0].Count != 1 {
		t.Errorf("%+v", p)
	}
}

// web is a server of a world in which web.far.example has a public address.
func (h *house) web(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	server := httptest.NewTLSServer(answer) // its certificate is for example.com
	t.Cleanup(server.Close)
	h.Roots = x509.NewCertPool()
	h.Roots.AddCert(server.Certificate())
	h.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != "192.0.2.80:443" {
			return nil, fmt.Errorf("there is nothing at %s", address)
		}
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
}

const webZone = `
_smtp._tls.far.example. TXT "v=TLSRPTv1; rua=https://example.com/reports"
example.com.            A   192.0.2.80
`

// TestPost sends by HTTPS, once, and later again where that failed.
func TestPost(t *testing.T) {
	t.Parallel()
	h := build(t, webZone)
	var got []report.Document
	status := http.StatusServiceUnavailable
	h.web(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		d, err := report.Unpack(bytes.NewReader(body))
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/reports" || r.Header.Get("Content-Type") != "application/tlsrpt+gzip" {
			t.Errorf("%s %s %s: %v", r.Method, r.URL, r.Header, err)
		}
		got = append(got, d)
		w.WriteHeader(status)
	})
	h.Connected(sts, nil)
	h.tomorrow(t)
	check(t, h.SendDue(t.Context()))
	check(t, h.SendDue(t.Context())) // not yet
	if len(got) != 1 || h.kept(t, "report_post") != 1 {
		t.Fatalf("%d posts, %d to come", len(got), h.kept(t, "report_post"))
	}
	status = http.StatusCreated
	h.now = h.now.Add(postFirst)
	check(t, h.SendDue(t.Context()))
	check(t, h.SendDue(t.Context()))
	if len(got) != 2 || h.kept(t, "report_post") != 0 || got[1].TLS.Domain() != "far.example" {
		t.Errorf("%d posts, %d to come", len(got), h.kept(t, "report_post"))
	}
}

// TestPostGivesUp after a day.
func TestPostGivesUp(t *testing.T) {
	t.Parallel()
	h := build(t, webZone)
	posts := 0
	h.web(t, func(w http.ResponseWriter, r *http.Request) {
		posts++
		http.Redirect(w, r, "https://example.com/elsewhere", http.StatusTemporaryRedirect)
	})
	h.Connected(sts, nil)
	h.tomorrow(t)
	for range 200 {
		check(t, h.SendDue(t.Context()))
		h.now = h.now.Add(sendEvery)
	}
	if posts < 3 || posts > 10 || h.kept(t, "report_post") != 0 {
		t.Errorf("%d posts, %d to come", posts, h.kept(t, "report_post"))
	}
}

// TestPostKilled finds a report that was under way when the process was killed: it
// may have arrived, and is not sent twice.
func TestPostKilled(t *testing.T) {
	t.Parallel()
	h := build(t, webZone)
	posts := 0
	h.web(t, func(w http.ResponseWriter, r *http.Request) { posts++ })
	check(t, h.DB.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO report_post (url, media, content, next_at, until_at, posting)
			VALUES ('https://example.com/killed', '', x'', 0, 1 << 40, 1), ('https://example.com/waits', '', x'', 0, 1 << 40, 0)`)
		return err
	}))
	h.forgetPosting(t.Context())
	check(t, h.SendDue(t.Context()))
	if posts != 1 || h.kept(t, "report_post") != 0 {
		t.Errorf("%d posts, %d to come", posts, h.kept(t, "report_post"))
	}
}

// TestPostInside goes nowhere behind the firewall, whatever somebody's DNS says.
func TestPostInside(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "0.0.0.0"} {
		h := build(t, "example.com. A "+address)
		h.Dial = func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%s was dialled", address)
			return nil, io.EOF
		}
		if err := h.postTo("https://example.com/"); err == nil || !strings.Contains(err.Error(), "not on the internet") {
			t.Errorf("%s: %v", address, err)
		}
	}
	h := build(t, "")
	if err := h.postTo("http://example.com/"); err == nil || !strings.Contains(err.Error(), "in the clear") {
		t.Errorf("plain: %v", err)
	}
}

// postTo posts to a URL.
func (h *house) postTo(url string) error {
	return h.Feedback.post(context.Background(), posted{url: url})
}

// TestOwn files what was seen of our own domains with what others report of them.
func TestOwn(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	v := forged("mailto:letterbox-reports@home.example")
	v.DMARC.From, v.DMARC.Published.Domain = "home.example", "home.example"
	h.Judged(v, somewhere)
	h.tomorrow(t)
	check(t, h.SendDue(t.Context()))
	s, err := h.Summarize(t.Context(), "home.example", noon.AddDate(0, 0, -1), h.now)
	check(t, err)
	if len(h.posted) != 0 || s.Messages != 1 || s.Passed != 0 || s.Sources[0].Cause != Unaligned || s.Sources[0].As != "evil.example" {
		t.Errorf("%d mails, %+v", len(h.posted), s)
	}
}

// TestDelay spreads reports over hours, each at the same moment whenever it is asked.
func TestDelay(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	hours := map[int]bool{}
	for i := range 100 {
		d := due{kindDMARC, 20781, fmt.Sprintf("d%d.example", i)}
		first, again := h.delay(d), h.delay(d)
		if first < settling || first > settling+spread || first != again {
			t.Errorf("%s, then %s", first, again)
		}
		hours[int(first.Hours())] = true
	}
	if len(hours) < 4 {
		t.Errorf("only in %v", hours)
	}
}

package appliance

import (
	"net/netip"
	"testing"
	"time"

	"letterbox/database"
	"letterbox/feedback"
	"letterbox/internal/zone"
	"letterbox/mailauth"
	"letterbox/report"
)

// TestReportsEndToEnd lets one appliance report to another, which reads it: by the
// queue, signed, over SMTP to the address that its DNS records name.
func TestReportsEndToEnd(t *testing.T) {
	t.Parallel()
	names := zone.Serve(t, `_smtp._tls.far.example. TXT "v=TLSRPTv1; rua=mailto:letterbox-reports@far.example"`)
	far := run(t, func(c *Config) { c.DNS.Servers = Addresses{names.Addr} })
	if _, err := far.data.Directory.AddDomain(t.Context(), "far.example"); err != nil {
		t.Fatal(err)
	}
	near := run(t, func(c *Config) {
		c.DNS.Servers = Addresses{names.Addr}
		c.Relay.Address, c.Relay.TLS = far.Addr("smtp").String(), "none"
	})
	f := near.data.Feedback
	f.Judged(&mailauth.Verdict{
		SPF: mailauth.SPF{Result: mailauth.Fail, Domain: "far.example", Sender: "eve@far.example"},
		DMARC: mailauth.DMARC{
			Result: mailauth.Fail, From: "far.example", Policy: "reject", Disposition: "reject",
			Reports:   []string{"mailto:letterbox-reports@far.example!1m"},
			Published: mailauth.Published{Domain: "far.example", DKIM: "r", SPF: "r", Own: "reject", Percent: 100},
		},
	}, netip.MustParseAddr("192.0.2.7"))
	f.Connected(report.TLSPolicy{Type: report.PolicyNone, Domain: "far.example"}, nil)
	f.Connected(report.TLSPolicy{Type: report.PolicyNone, Domain: "far.example"}, &report.Failure{Result: report.NoSTARTTLS, Host: "mx.far.example"})
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := near.data.DB.Write(t.Context(), func(tx *database.Tx) error { // it was the day before yesterday
		_, err := tx.Exec(`UPDATE observation SET day = day - 2`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // and nothing is sent twice
		if err := f.SendDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	told := far.toldOf(t, "far.example", 2)
	if told.Messages != 1 || told.Passed != 0 || len(told.Sources) != 1 || told.Sources[0].Cause != feedback.Unlisted || told.Sources[0].Addresses[0] != "192.0.2.7" {
		t.Errorf("mail in its name: %+v", told)
	}
	if told.Sessions != 2 || told.Good != 1 || len(told.Failures) != 1 || told.Failures[0].Result != report.NoSTARTTLS {
		t.Errorf("encryption: %+v", told)
	}
}

// toldOf waits until so many reports about a domain are there.
func (r *running) toldOf(t *testing.T, domain string, reports int) *feedback.Summary {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		now := time.Now()
		s, err := r.data.Feedback.Summarize(t.Context(), domain, now.AddDate(0, 0, -7), now)
		if err != nil || time.Now().After(end) {
			t.Fatalf("%+v, %v", s, err)
		}
		if s.Reports >= reports {
			return s
		}
	}
}

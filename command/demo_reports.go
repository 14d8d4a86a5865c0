package command

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"letterbox/appliance"
	reports "letterbox/report"
)

// reportDays is for how many days others have reported about the demo's domain.
const reportDays = 12

// receiveReports takes a report of each kind from another server for each day.
func receiveReports(ctx context.Context, d *appliance.Data, now time.Time) error {
	for ago := reportDays; ago > 0; ago-- {
		day := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -ago)
		for _, compose := range []func(int, *reports.Letter) ([]byte, error){demoDMARC, demoTLS} {
			l := &reports.Letter{
				Domain: demoDomain, Submitter: "search.example", From: "reports@search.example", To: []string{"reports@" + demoDomain},
				ID: day.Format("20060102"), Begin: day, End: day.Add(24*time.Hour - time.Second),
			}
			text, err := compose(ago, l)
			if err != nil {
				return err
			}
			if l.Content, err = reports.Pack(text); err != nil {
				return err
			}
			if err := d.Feedback.Take(ctx, nil, l.From, l.Compose(day.AddDate(0, 0, 1))); err != nil {
				return fmt.Errorf("take report %s: %w", l.ID, err)
			}
		}
	}
	return nil
}

// demoDMARC tells of this server's mail, of a newsletter that its SPF record forgets,
// and of a forger.
func demoDMARC(ago int, l *reports.Letter) ([]byte, error) {
	own := reports.Record{
		Source: "192.0.2.25", Count: int64(18 + ago%7), Disposition: "none", DKIM: "pass", SPF: "pass", From: l.Domain,
		Signatures: []reports.AuthResult{{Domain: l.Domain, Selector: "demo", Result: "pass"}},
		Senders:    []reports.AuthResult{{Domain: l.Domain, Scope: "mfrom", Result: "pass"}},
	}
	newsletter := reports.Record{
		Source: "198.51.100.77", Count: 6, Disposition: "none", DKIM: "fail", SPF: "fail", From: l.Domain,
		Senders: []reports.AuthResult{{Domain: "mail198.atl81.rsgsv.net", Scope: "mfrom", Result: "pass"}},
	}
	forger := reports.Record{
		Source: "203.0.113.66", Count: 2, Disposition: "quarantine", DKIM: "fail", SPF: "fail", From: l.Domain,
		Senders: []reports.AuthResult{{Domain: "lottery.example", Scope: "mfrom", Result: "none"}},
	}
	d := &reports.DMARC{
		Metadata: reports.Metadata{Organization: l.Submitter, Email: l.From, ID: l.ID, Begin: l.Begin.Unix(), End: l.End.Unix()},
		Policy:   reports.Policy{Domain: l.Domain, DKIM: "r", SPF: "r", Own: "quarantine", Percent: 100},
		Records:  []reports.Record{own},
	}
	if ago%4 == 1 { // it goes out now and then
		d.Records = append(d.Records, newsletter)
	}
	if ago%5 == 2 {
		d.Records = append(d.Records, forger)
	}
	return d.Encode()
}

// demoTLS tells of connections that were encrypted, but for a day on which the
// certificate had run out.
func demoTLS(ago int, l *reports.Letter) ([]byte, error) {
	l.TLS = true
	host := "mail." + l.Domain
	r := reports.TLSResult{
		Policy:  reports.TLSPolicy{Type: reports.PolicySTS, String: []string{"version: STSv1", "mode: testing", "mx: " + host}, Domain: l.Domain, Hosts: []string{host}},
		Summary: reports.TLSSummary{Good: int64(9 + ago%5)},
	}
	if ago == 8 {
		r.Summary.Bad = 2
		r.Failures = []reports.Failure{{Result: reports.CertificateExpired, Host: host, Count: 2}}
	}
	return json.Marshal(reports.TLS{
		Organization: l.Submitter, Dates: reports.Dates{Begin: l.Begin, End: l.End}, Contact: l.From, ID: l.ID, Policies: []reports.TLSResult{r},
	})
}

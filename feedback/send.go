package feedback

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"letterbox/database"
	"letterbox/directory"
	"letterbox/report"
	"letterbox/resolver"
)

// maxLate is how many days after its day a report is still worth sending.
const maxLate = 3

// spread is the time over which reports leave, from a while after midnight UTC: so
// that those who get many do not get all at once (RFC 8460 section 4.1).
const (
	settling = 10 * time.Minute
	spread   = 4 * time.Hour
)

// A due report is what was seen on one day of one domain.
type due struct {
	kind   string
	day    int64
	domain string
}

// SendDue sends the reports of days that are over, and those to be posted.
func (f *Feedback) SendDue(ctx context.Context) error {
	if f.Resolver == nil {
		return nil
	}
	if err := f.Flush(ctx); err != nil {
		return err
	}
	submitter, err := f.submitter(ctx)
	if err != nil || submitter == "" {
		return err
	}
	list, err := f.over(ctx)
	if err != nil {
		return err
	}
	for _, d := range list {
		if err := f.send(ctx, d, submitter); err != nil {
			f.tried(ctx, "a report is not sent", fmt.Errorf("about %s: %w", d.domain, err))
		}
	}
	return f.postDue(ctx)
}

// submitter is the domain of ours in whose name reports leave: the one that the
// host name lies in, else the first.
func (f *Feedback) submitter(ctx context.Context) (string, error) {
	list, err := f.Directory.Domains(ctx)
	if err != nil || len(list) == 0 {
		return "", err
	}
	for _, d := range list {
		if f.Hostname == d.Name || strings.HasSuffix(f.Hostname, "."+d.Name) {
			return d.Name, nil
		}
	}
	return list[0].Name, nil
}

// over lists what was seen on days that are over, when its time has come.
func (f *Feedback) over(ctx context.Context) (list []due, err error) {
	now := f.Now()
	err = f.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT DISTINCT kind, day, domain FROM observation WHERE day < ?`, day(now))
		if err != nil {
			return err
		}
		for rows.Next() {
			var d due
			if err := rows.Scan(&d.kind, &d.day, &d.domain); err != nil {
				return err
			}
			if !now.Before(d.end().Add(f.delay(d))) {
				list = append(list, d)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("look for reports that are due: %w", err)
	}
	return list, nil
}

func (d due) begin() time.Time { return time.Unix(d.day*86400, 0).UTC() }
func (d due) end() time.Time   { return time.Unix((d.day+1)*86400, 0).UTC() }

// delay is after how long the report leaves, the same each time that is asked.
func (f *Feedback) delay(d due) time.Duration {
	return settling + time.Duration(binary.BigEndian.Uint64(f.sum(d))%uint64(spread))
}

// sum tells this report from all others, of ours and of everybody.
func (f *Feedback) sum(d due) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %s %s", d.kind, d.day, d.domain, f.Hostname))
	return sum[:]
}

// id is the name of the report: the same when it is made again.
func (f *Feedback) id(d due) string {
	return fmt.Sprintf("%s.%x", d.begin().Format("20060102"), f.sum(d)[:8])
}

// send makes a report and hands it over, to all who want it, in the transaction
// that forgets what was seen.
func (f *Feedback) send(ctx context.Context, d due, submitter string) error {
	if !f.Send || day(f.Now()) > d.day+maxLate {
		return f.DB.Write(ctx, func(tx *database.Tx) error { return forget(tx, d) })
	}
	seen, err := f.observed(ctx, d)
	if err != nil {
		return err
	}
	p, err := f.prepare(ctx, d, seen, submitter)
	if err != nil {
		return err
	}
	also := func(tx *database.Tx) error {
		for _, url := range p.urls {
			if err := insertPost(tx, url, &p.letter, f.Now()); err != nil {
				return err
			}
		}
		if p.own {
			if _, err := f.file(tx, p.document, submitter); err != nil {
				return err
			}
		}
		return forget(tx, d)
	}
	if len(p.letter.To) == 0 {
		err = f.DB.Write(ctx, also)
	} else {
		err = f.Post(ctx, Mail{From: p.letter.From, To: p.letter.To, Raw: p.letter.Compose(f.Now()), Lax: d.kind == kindTLS}, also)
	}
	if err != nil {
		return err
	}
	f.Log.InfoContext(ctx, "report sent", "kind", d.kind, "about", d.domain, "day", d.begin().Format(time.DateOnly), "to", p.letter.To, "urls", len(p.urls))
	return nil
}

func forget(tx *database.Tx, d due) error {
	_, err := tx.Exec(`DELETE FROM observation WHERE kind = ? AND day = ? AND domain = ?`, d.kind, d.day, d.domain)
	return err
}

// observed reads what was seen.
func (f *Feedback) observed(ctx context.Context, d due) (seen map[observation]int64, err error) {
	seen = map[observation]int64{}
	err = f.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT policy, what, count FROM observation WHERE kind = ? AND day = ? AND domain = ?`, d.kind, d.day, d.domain)
		if err != nil {
			return err
		}
		for rows.Next() {
			o := observation{kind: d.kind, day: d.day, domain: d.domain}
			var n int64
			if err := rows.Scan(&o.policy, &o.what, &n); err != nil {
				return err
			}
			seen[o] = n
		}
		return rows.Err()
	})
	return seen, err
}

// A parcel is a report with those to whom it goes.
type parcel struct {
	document report.Document
	letter   report.Letter
	urls     []string
	own      bool // it is about a domain of ours that wants it here
}

// prepare writes a report and finds out who wants it.
func (f *Feedback) prepare(ctx context.Context, d due, seen map[observation]int64, submitter string) (*parcel, error) {
	p := &parcel{letter: report.Letter{
		TLS: d.kind == kindTLS, Domain: d.domain, Submitter: submitter, From: directory.ReportsAddress(submitter),
		ID: f.id(d), Begin: d.begin(), End: d.end().Add(-time.Second),
	}}
	destinations, encoded, err := f.contents(ctx, d, seen, p)
	if err != nil || len(destinations) == 0 {
		return p, err
	}
	text, err := encoded()
	if err != nil {
		return nil, err
	}
	if p.letter.Content, err = report.Pack(text); err != nil {
		return nil, err
	}
	return p, f.address(ctx, p, destinations)
}

// contents fills in the report, and returns who may want it.
func (f *Feedback) contents(ctx context.Context, d due, seen map[observation]int64, p *parcel) ([]report.Destination, func() ([]byte, error), error) {
	if d.kind == kindTLS {
		texts, err := f.Resolver.LookupTXT(ctx, "_smtp._tls."+d.domain)
		if err != nil && !resolver.NotFound(err) {
			return nil, nil, err
		}
		p.document.TLS, err = tlsReport(&p.letter, seen)
		if err != nil {
			return nil, nil, err
		}
		return report.TLSDestinations(texts), p.document.TLS.Encode, nil
	}
	document, uris, err := dmarcReport(&p.letter, seen)
	if err != nil {
		return nil, nil, err
	}
	p.document.DMARC = document
	destinations, err := f.verified(ctx, d.domain, report.Destinations(uris))
	return destinations, document.Encode, err
}

// address says where the report goes: not where it is larger than they take.
func (f *Feedback) address(ctx context.Context, p *parcel, destinations []report.Destination) error {
	size := int64(len(p.letter.Compose(f.Now())))
	for _, to := range destinations {
		if to.Mail == "" {
			p.urls = append(p.urls, to.Post)
			continue
		}
		_, own, err := f.Ours(ctx, to.Mail)
		if err != nil {
			return err
		}
		switch {
		case own:
			p.own = true
		case to.Most > 0 && size > to.Most:
			f.Log.InfoContext(ctx, "report is larger than its reader takes", "about", p.letter.Domain, "to", to.Mail, "size", size, "takes", to.Most)
		default:
			p.letter.To = append(p.letter.To, to.Mail)
		}
	}
	return nil
}

// dmarcReport is what was seen of mail, and where its domain wants to hear of it.
// Where the policy changed within the day, the one of most messages is named (RFC
// 7489 section 7.2 permits that).
func dmarcReport(l *report.Letter, seen map[observation]int64) (*report.DMARC, []string, error) {
	r := &report.DMARC{Metadata: report.Metadata{
		Organization: l.Submitter, Email: l.From, ID: l.ID, Begin: l.Begin.Unix(), End: l.End.Unix(),
	}}
	most := map[string]int64{}
	best := ""
	for _, o := range sorted(seen) {
		var line report.Record
		if err := json.Unmarshal([]byte(o.what), &line); err != nil {
			return nil, nil, fmt.Errorf("what was seen cannot be read: %w", err)
		}
		line.Count = seen[o]
		r.Records = append(r.Records, line)
		if most[o.policy] += line.Count; most[o.policy] > most[best] {
			best = o.policy
		}
	}
	var w wish
	if err := json.Unmarshal([]byte(best), &w); err != nil {
		return nil, nil, errors.New("nothing was seen")
	}
	r.Policy = w.Policy
	if r.Policy.Subdomain == "" {
		r.Policy.Subdomain = r.Policy.Own // RFC 7489 section 6.3
	}
	return r, w.Reports, nil
}

// tlsReport is what was seen of connections.
func tlsReport(l *report.Letter, seen map[observation]int64) (*report.TLS, error) {
	r := &report.TLS{Organization: l.Submitter, Dates: report.Dates{Begin: l.Begin, End: l.End}, Contact: l.From, ID: l.ID}
	last := ""
	for _, o := range sorted(seen) {
		if o.policy != last {
			last = o.policy
			r.Policies = append(r.Policies, report.TLSResult{})
			if err := json.Unmarshal([]byte(o.policy), &r.Policies[len(r.Policies)-1].Policy); err != nil {
				return nil, fmt.Errorf("what was seen cannot be read: %w", err)
			}
		}
		result := &r.Policies[len(r.Policies)-1]
		if o.what == "" {
			result.Summary.Good += seen[o]
			continue
		}
		var failure report.Failure
		if err := json.Unmarshal([]byte(o.what), &failure); err != nil {
			return nil, fmt.Errorf("what was seen cannot be read: %w", err)
		}
		failure.Count = seen[o]
		result.Summary.Bad += failure.Count
		result.Failures = append(result.Failures, failure)
	}
	return r, nil
}

package feedback

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"letterbox/database"
	"letterbox/mailauth"
	"letterbox/report"
)

// Kinds of reports.
const (
	kindDMARC = "dmarc"
	kindTLS   = "tls"
)

// An observation is one thing that was seen, perhaps often.
type observation struct {
	kind         string
	day          int64
	domain       string
	policy, what string // JSON
}

// Limits on what is kept to be told.
const (
	maxSeen        = 10_000 // in memory, different ones
	maxOfDomain    = 1000   // of a domain and day
	maxObserved    = 50_000 // in all
	perTransaction = 500
)

// day counts days of UTC.
func day(t time.Time) int64 { return t.Unix() / 86400 }

// A wish is what a domain published, and where it wants to hear of it.
type wish struct {
	report.Policy
	Reports []string `json:"reports"`
}

// Judged counts a message whose author's domain asks for reports.
func (f *Feedback) Judged(v *mailauth.Verdict, remote netip.Addr) {
	if f == nil || !f.Send || v == nil || v.DMARC.Published.Domain == "" || !asksByMail(v.DMARC.Reports) {
		return
	}
	d, p := v.DMARC, v.DMARC.Published
	policy := wish{report.Policy{Domain: p.Domain, DKIM: p.DKIM, SPF: p.SPF, Own: p.Own, Subdomain: p.Subdomain, Percent: p.Percent}, d.Reports}
	f.note(kindDMARC, p.Domain, policy, record(v, remote))
}

func asksByMail(uris []string) bool {
	for _, d := range report.Destinations(uris) {
		if d.Mail != "" {
			return true
		}
	}
	return false
}

// record is what a report says of a message.
func record(v *mailauth.Verdict, remote netip.Addr) report.Record {
	d := v.DMARC
	r := report.Record{
		Source: remote.Unmap().WithZone("").String(), Disposition: d.Disposition,
		DKIM: passOrFail(d.DKIMAligned), SPF: passOrFail(d.SPFAligned),
		From: d.From, Sender: v.SPF.Domain,
	}
	if d.Result == mailauth.Fail && d.Disposition != d.Policy {
		r.Reasons = []report.Override{{Type: "sampled_out"}} // pct=
	}
	for _, s := range v.DKIM {
		if s.Domain != "" {
			r.Signatures = append(r.Signatures, report.AuthResult{Domain: s.Domain, Selector: s.Selector, Result: string(s.Result)})
		}
	}
	scope := "mfrom"
	if v.SPF.Sender == "" {
		scope = "helo"
	}
	r.Senders = []report.AuthResult{{Domain: v.SPF.Domain, Scope: scope, Result: string(v.SPF.Result)}}
	return r
}

func passOrFail(pass bool) string {
	if pass {
		return "pass"
	}
	return "fail"
}

// Connected counts a connection to a server of a domain; failure is nil when it was
// encrypted as it should be.
func (f *Feedback) Connected(policy report.TLSPolicy, failure *report.Failure) {
	if f == nil || !f.Send {
		return
	}
	if failure == nil {
		f.note(kindTLS, policy.Domain, policy, nil)
		return
	}
	f.note(kindTLS, policy.Domain, policy, failure)
}

// note counts; what is nil for nothing to say.
func (f *Feedback) note(kind, domain string, policy, what any) {
	o := observation{kind: kind, day: day(f.Now()), domain: domain, policy: text(policy)}
	if what != nil {
		o.what = text(what)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.seen[o]; known || len(f.seen) < maxSeen {
		f.seen[o]++
	}
}

// text is a value of ours as JSON: structs of texts and numbers, which have one.
func text(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(b)
}

// Flush writes what was seen.
func (f *Feedback) Flush(ctx context.Context) error {
	if f == nil {
		return nil
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	f.mu.Lock()
	seen := f.seen
	f.seen = map[observation]int64{}
	f.mu.Unlock()
	err := f.write(ctx, seen)
	if err != nil {
		f.putBack(seen)
	}
	return err
}

// putBack keeps what could not be written for the next time.
func (f *Feedback) putBack(seen map[observation]int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for o, n := range seen {
		if _, known := f.seen[o]; known || len(f.seen) < maxSeen {
			f.seen[o] += n
		}
	}
}

// write adds to the table, and takes out of seen what is there.
func (f *Feedback) write(ctx context.Context, seen map[observation]int64) error {
	for len(seen) > 0 {
		var done []observation
		err := f.DB.Write(ctx, func(tx *database.Tx) error {
			done = done[:0]
			r, err := newRoom(tx)
			if err != nil {
				return err
			}
			for o, n := range seen {
				if err := r.add(o, n); err != nil {
					return err
				}
				if done = append(done, o); len(done) == perTransaction {
					break
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("write what was seen: %w", err)
		}
		for _, o := range done {
			delete(seen, o)
		}
	}
	return nil
}

// room is how much more may be kept.
type room struct {
	tx    *database.Tx
	all   int
	ofDay map[observation]int // by kind, day and domain
}

func newRoom(tx *database.Tx) (*room, error) {
	r := &room{tx: tx, ofDay: map[observation]int{}}
	err := tx.QueryRow(`SELECT count(*) FROM observation`).Scan(&r.all)
	return r, err
}

func (r *room) add(o observation, n int64) error {
	result, err := r.tx.Exec(`UPDATE observation SET count = count + ? WHERE kind = ? AND day = ? AND domain = ? AND policy = ? AND what = ?`,
		n, o.kind, o.day, o.domain, o.policy, o.what)
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); changed > 0 || err != nil {
		return err
	}
	place := observation{kind: o.kind, day: o.day, domain: o.domain}
	used, known := r.ofDay[place]
	if !known {
		err := r.tx.QueryRow(`SELECT count(*) FROM observation WHERE kind = ? AND day = ? AND domain = ?`, o.kind, o.day, o.domain).Scan(&used)
		if err != nil {
			return err
		}
	}
	r.ofDay[place] = used
	if used >= maxOfDomain || r.all >= maxObserved {
		return nil
	}
	r.ofDay[place]++
	r.all++
	_, err = r.tx.Exec(`INSERT INTO observation (kind, day, domain, policy, what, count) VALUES (?, ?, ?, ?, ?, ?)`,
		o.kind, o.day, o.domain, o.policy, o.what, n)
	return err
}

// sorted is what was seen in an order of its own, policies together: the same report
// each time it is made.
func sorted(seen map[observation]int64) []observation {
	return slices.SortedFunc(maps.Keys(seen), func(a, b observation) int {
		return cmp.Or(cmp.Compare(a.policy, b.policy), cmp.Compare(a.what, b.what))
	})
}

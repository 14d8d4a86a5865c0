package feedback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"letterbox/database"
	"letterbox/directory"
	"letterbox/mailauth"
	"letterbox/report"
)

// Limits on what is kept of others' reports.
const (
	maxLines      = 1000   // of a report: those of the most messages
	maxReports    = 3000   // of a domain: the latest
	maxAllLines   = 50_000 // of a domain
	maxOfReporter = 100    // a day
	keepDays      = 90
)

// A RefusedError says why a mail is no report that is taken.
type RefusedError struct {
	Text      string
	Unsigned  bool // it may be forged
	Temporary bool
}

func (e *RefusedError) Error() string { return e.Text }

// Take keeps the report in a mail that came to the address for them. It is durable
// when Take returns nil. A bounce is taken, too, and forgotten: reports of ours
// leave from that address, and nobody waits for what became of them. It fails with
// *RefusedError.
func (f *Feedback) Take(ctx context.Context, v *mailauth.Verdict, sender string, raw []byte) error {
	document, err := report.Open(raw)
	if sender == "" && errors.Is(err, report.ErrNone) {
		f.Log.InfoContext(ctx, "a report of ours came back, or its bounce: it is dropped")
		return nil
	}
	if err != nil {
		return &RefusedError{Text: err.Error() + "; this address takes reports alone, write to postmaster"}
	}
	reporter, err := vouched(v, document)
	if err != nil {
		return err
	}
	if _, err := f.Directory.Domain(ctx, about(document)); errors.Is(err, directory.ErrNotOurs) {
		return &RefusedError{Text: fmt.Sprintf("the report is about %s, which is not served here", about(document))}
	} else if err != nil {
		return err
	}
	added := false
	err = f.DB.Write(ctx, func(tx *database.Tx) (err error) {
		if err := f.mayReport(tx, reporter); err != nil {
			return err
		}
		added, err = f.file(tx, document, reporter)
		return err
	})
	if err != nil {
		return err
	}
	f.Log.InfoContext(ctx, "report received", "about", about(document), "from", reporter, "new", added)
	f.opinion.outdate()
	return nil
}

// vouched returns the domain that stands for a report. Nobody is to make us believe
// things by a mail that anybody could have written (RFC 7489 section 7.2.1.1); TLS
// reports must be signed (RFC 8460 section 3). Who was not judged is on this machine.
func vouched(v *mailauth.Verdict, d report.Document) (string, error) {
	if v == nil {
		contact := ""
		if d.DMARC != nil {
			contact = d.DMARC.Metadata.Email
		} else {
			contact = d.TLS.Contact
		}
		return mailauth.Organization(cmp.Or(domainOf(contact), "localhost")), nil
	}
	signed := v.DMARC.DKIMAligned
	if d.DMARC != nil {
		signed = signed || v.DMARC.SPFAligned
	}
	if !signed {
		return "", &RefusedError{Text: "reports are taken only where a signature (DKIM) of the author's domain stands for them", Unsigned: true}
	}
	return mailauth.Organization(v.DMARC.From), nil
}

// about is the domain of a report.
func about(d report.Document) string {
	if d.DMARC != nil {
		return d.DMARC.Policy.Domain
	}
	return d.TLS.Domain()
}

// mayReport bounds what one reporter can fill.
func (f *Feedback) mayReport(tx *database.Tx, reporter string) error {
	var today int
	err := tx.QueryRow(`SELECT count(*) FROM report WHERE reporter = ? AND arrived_at > ?`, reporter, f.Now().AddDate(0, 0, -1).Unix()).Scan(&today)
	if err != nil {
		return err
	}
	if today >= maxOfReporter {
		return &RefusedError{Text: fmt.Sprintf("%s sent %d reports within a day; come back tomorrow", reporter, today), Temporary: true}
	}
	return nil
}

// file adds a report, unless it is there already, and makes room for it.
func (f *Feedback) file(tx *database.Tx, d report.Document, reporter string) (added bool, err error) {
	lines := linesOf(d)
	domain, kind := about(d), kindTLS
	var id string
	var begins, ends int64
	if d.DMARC != nil {
		kind, id, begins, ends = kindDMARC, d.DMARC.Metadata.ID, d.DMARC.Metadata.Begin, d.DMARC.Metadata.End
	} else {
		id, begins, ends = d.TLS.ID, d.TLS.Dates.Begin.Unix(), d.TLS.Dates.End.Unix()
	}
	result, err := tx.Exec(`
		INSERT INTO report (kind, domain, reporter, report_id, begins_at, ends_at, arrived_at, lines) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind, domain, reporter, report_id) DO NOTHING`,
		kind, domain, reporter, id, begins, ends, f.Now().Unix(), len(lines))
	if err != nil {
		return false, fmt.Errorf("keep report: %w", err)
	}
	if n, err := result.RowsAffected(); n == 0 || err != nil {
		return false, err
	}
	key, err := result.LastInsertId()
	if err != nil {
		return false, err
	}
	for _, l := range lines {
		if err := l.insert(tx, key); err != nil {
			return false, fmt.Errorf("keep report: %w", err)
		}
	}
	return true, makeRoom(tx, domain)
}

// makeRoom removes a domain's oldest reports when there are too many.
func makeRoom(tx *database.Tx, domain string) error {
	_, err := tx.Exec(`
		DELETE FROM report WHERE id IN (
			SELECT id FROM (
				SELECT id, row_number() OVER latest AS n, sum(lines) OVER latest AS total
				FROM report WHERE domain = ? WINDOW latest AS (ORDER BY begins_at DESC, id DESC)
			) WHERE n > ? OR total > ?)`, domain, maxReports, maxAllLines)
	if err != nil {
		return fmt.Errorf("make room for reports: %w", err)
	}
	return nil
}

// A line is a row of one of the two tables.
type line interface {
	insert(tx *database.Tx, report int64) error
}

// linesOf are the lines of a report that are kept.
func linesOf(d report.Document) (lines []line) {
	if d.DMARC != nil {
		records := slices.Clone(d.DMARC.Records)
		slices.SortStableFunc(records, func(a, b report.Record) int { return cmp.Compare(b.Count, a.Count) })
		for _, r := range records[:min(maxLines, len(records))] {
			lines = append(lines, (*dmarcLine)(&r))
		}
		return lines
	}
	for _, p := range d.TLS.Policies {
		if p.Summary.Good > 0 {
			lines = append(lines, &tlsLine{policy: p.Policy.Type, Failure: report.Failure{Count: p.Summary.Good}})
		}
		for _, failure := range p.Failures {
			lines = append(lines, &tlsLine{p.Policy.Type, failure})
		}
	}
	return lines[:min(maxLines, len(lines))]
}

type dmarcLine report.Record

func (l *dmarcLine) insert(tx *database.Tx, id int64) error {
	spf, dkim := telling(l.Senders, l.From), telling(l.Signatures, l.From)
	_, err := tx.Exec(`
		INSERT INTO dmarc_line (report, source, author, passes, disposition, spf_domain, spf_result, dkim_domain, dkim_result, count)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, l.Source, l.From, (*report.Record)(l).Passes(), l.Disposition, spf.Domain, spf.Result, dkim.Domain, dkim.Result, l.Count)
	return err
}

// telling is the result that says most about who sent a message: one of the author's
// own organization, else one that passed, else the first.
func telling(list []report.AuthResult, author string) (best report.AuthResult) {
	rank := -1
	for _, r := range list {
		n := 0
		if mailauth.Organization(r.Domain) == mailauth.Organization(author) {
			n += 2
		}
		if r.Result == "pass" {
			n += 3
		}
		if n > rank {
			rank, best = n, r
		}
	}
	return best
}

type tlsLine struct {
	policy string
	report.Failure
}

func (l *tlsLine) insert(tx *database.Tx, id int64) error {
	_, err := tx.Exec(`INSERT INTO tls_line (report, policy, result, host, reason, count) VALUES (?, ?, ?, ?, ?, ?)`,
		id, l.policy, l.Result, strings.ToLower(l.Host), l.Reason, l.Count)
	return err
}

// Tidy forgets what is too old.
func (f *Feedback) Tidy(ctx context.Context) error {
	old := f.Now().AddDate(0, 0, -keepDays).Unix()
	for {
		var gone int64
		err := f.DB.Write(ctx, func(tx *database.Tx) error {
			result, err := tx.Exec(`DELETE FROM report WHERE id IN (SELECT id FROM report WHERE begins_at < ? LIMIT 20)`, old)
			if err != nil {
				return err
			}
			gone, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return fmt.Errorf("forget old reports: %w", err)
		}
		if gone == 0 {
			break
		}
	}
	return f.DB.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`DELETE FROM source_name WHERE asked_at < ?`, old)
		return err
	})
}

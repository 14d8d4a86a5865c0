package feedback

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"letterbox/database"
	"letterbox/mailauth"
	"letterbox/report"
)

// A Cause is why mail of a source does not pass, or that it does.
type Cause string

const (
	Fine      Cause = "fine"      // it passes
	Own       Cause = "own"       // it is from this very server, and does not pass
	Unlisted  Cause = "unlisted"  // it says that it is from the domain, whose SPF record does not list it
	Unaligned Cause = "unaligned" // it is from somebody who stands for it in another name: a service, a forwarder
	Altered   Cause = "altered"   // it was signed by the domain, and changed on its way
	Unknown   Cause = "unknown"   // nobody stands for it
)

// A Source is who sends in a domain's name.
type Source struct {
	Name      string  // of the service, the machines' domain, or an address
	Service   Service // where it is a known one
	Cause     Cause   // of most of what does not pass
	As        string  // in whose name it stands for its mail, where that is another's
	Messages  int64
	Passed    int64
	Addresses []string // the first ones
	Reporters []string // who saw it fail
}

// Failed is how many messages the domain does not stand for.
func (s *Source) Failed() int64 { return s.Messages - s.Passed }

// A TLSFailure is why connections to us were not encrypted as they should be.
type TLSFailure struct {
	Result, Host, Reason string
	Count                int64
	Reporters            []string
}

// A Summary is what others tell of a domain.
type Summary struct {
	Domain           string
	From, Until      time.Time
	Reports          int
	Reporters        []string
	Messages, Passed int64
	Sources          []Source // those that fail most come first
	Sessions, Good   int64
	Failures         []TLSFailure
}

// Summarize works out what is told of a domain between two moments.
func (f *Feedback) Summarize(ctx context.Context, domain string, from, until time.Time) (*Summary, error) {
	s := &Summary{Domain: domain, From: from, Until: until}
	if f == nil {
		return s, nil
	}
	own := f.ownAddresses(ctx)
	err := f.DB.Read(ctx, func(c *database.Conn) error {
		if err := s.readReports(c); err != nil {
			return err
		}
		if err := s.readSources(c, own); err != nil {
			return err
		}
		return s.readSessions(c)
	})
	if err != nil {
		return nil, fmt.Errorf("look at the reports about %s: %w", domain, err)
	}
	return s, nil
}

func (s *Summary) readReports(c *database.Conn) error {
	rows, err := c.Query(`SELECT reporter, count(*) FROM report WHERE domain = ? AND begins_at >= ? AND begins_at < ? GROUP BY reporter ORDER BY count(*) DESC, reporter`,
		s.Domain, s.From.Unix(), s.Until.Unix())
	if err != nil {
		return err
	}
	for rows.Next() {
		var reporter string
		var n int
		if err := rows.Scan(&reporter, &n); err != nil {
			return err
		}
		s.Reports += n
		s.Reporters = append(s.Reporters, reporter)
	}
	return rows.Err()
}

// A seenLine is what was told of one address, in one way.
type seenLine struct {
	address, name, author  string
	passes                 bool
	spfDomain, spfResult   string
	dkimDomain, dkimResult string
	reporter               string
	count                  int64
}

func (s *Summary) readSources(c *database.Conn, own []string) error {
	rows, err := c.Query(`
		SELECT l.source, coalesce(n.name, ''), l.author, l.passes, l.spf_domain, l.spf_result, l.dkim_domain, l.dkim_result, r.reporter, sum(l.count)
		FROM report r JOIN dmarc_line l ON l.report = r.id LEFT JOIN source_name n ON n.address = l.source
		WHERE r.domain = ? AND r.begins_at >= ? AND r.begins_at < ?
		GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9`, s.Domain, s.From.Unix(), s.Until.Unix())
	if err != nil {
		return err
	}
	groups := map[string]*group{}
	for rows.Next() {
		var l seenLine
		if err := rows.Scan(&l.address, &l.name, &l.author, &l.passes, &l.spfDomain, &l.spfResult, &l.dkimDomain, &l.dkimResult, &l.reporter, &l.count); err != nil {
			return err
		}
		s.Messages += l.count
		if l.passes {
			s.Passed += l.count
		}
		name, service := l.who()
		g := groups[name]
		if g == nil {
			g = &group{Source: Source{Name: name, Service: service}, causes: map[Cause]int64{}}
			groups[name] = g
		}
		g.add(l, slices.Contains(own, l.address))
	}
	for _, g := range groups {
		s.Sources = append(s.Sources, g.close())
	}
	slices.SortFunc(s.Sources, func(a, b Source) int {
		return cmp.Or(cmp.Compare(b.Failed(), a.Failed()), cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Name, b.Name))
	})
	return rows.Err()
}

// who is the name by which the source is known: a service, by the domain that it
// uses beside the author's or by what its machines are called; else their domain.
func (l *seenLine) who() (string, Service) {
	for _, domain := range []string{l.spfDomain, l.dkimDomain, l.name} {
		if service, known := serviceOf(domain); known {
			return service.Name, service
		}
	}
	if l.name != "" {
		return mailauth.Organization(l.name), Service{}
	}
	return l.address, Service{}
}

// cause is why it does not pass.
func (l *seenLine) cause(own bool) Cause {
	ours := func(domain string) bool { return mailauth.Organization(domain) == mailauth.Organization(l.author) }
	switch {
	case l.passes:
		return Fine
	case own:
		return Own
	case l.spfResult == "pass" && !ours(l.spfDomain), l.dkimResult == "pass" && !ours(l.dkimDomain):
		return Unaligned
	case l.dkimDomain != "" && ours(l.dkimDomain):
		return Altered
	case l.spfDomain != "" && ours(l.spfDomain):
		return Unlisted
	}
	return Unknown
}

// A group is a source as it is put together.
type group struct {
	Source
	causes map[Cause]int64
}

// Limits on what a page shows of a source.
const maxNames = 5

func (g *group) add(l seenLine, own bool) {
	g.Messages += l.count
	cause := l.cause(own)
	g.causes[cause] += l.count
	if l.passes {
		g.Passed += l.count
	} else {
		g.Reporters = addName(g.Reporters, l.reporter)
	}
	g.Addresses = addName(g.Addresses, l.address)
	if cause == Unaligned {
		g.As = l.spfDomain
		if l.dkimResult == "pass" {
			g.As = l.dkimDomain
		}
	}
}

func addName(list []string, name string) []string {
	if len(list) < maxNames && !slices.Contains(list, name) {
		return append(list, name)
	}
	return list
}

// close decides what most of it is about.
func (g *group) close() Source {
	g.Cause = Fine
	var most int64
	for _, cause := range []Cause{Own, Unlisted, Unaligned, Altered, Unknown} {
		if n := g.causes[cause]; n > most {
			g.Cause, most = cause, n
		}
	}
	return g.Source
}

func (s *Summary) readSessions(c *database.Conn) error {
	rows, err := c.Query(`
		SELECT l.result, l.host, l.reason, r.reporter, sum(l.count)
		FROM report r JOIN tls_line l ON l.report = r.id
		WHERE r.domain = ? AND r.begins_at >= ? AND r.begins_at < ?
		GROUP BY 1, 2, 3, 4 ORDER BY sum(l.count) DESC`, s.Domain, s.From.Unix(), s.Until.Unix())
	if err != nil {
		return err
	}
	for rows.Next() {
		var t TLSFailure
		var reporter string
		if err := rows.Scan(&t.Result, &t.Host, &t.Reason, &reporter, &t.Count); err != nil {
			return err
		}
		s.Sessions += t.Count
		if t.Result == "" {
			s.Good += t.Count
			continue
		}
		s.addFailure(t, reporter)
	}
	return rows.Err()
}

// addFailure keeps failures apart by what they are and where.
func (s *Summary) addFailure(t TLSFailure, reporter string) {
	i := slices.IndexFunc(s.Failures, func(o TLSFailure) bool { return o.Result == t.Result && o.Host == t.Host })
	if i < 0 {
		i = len(s.Failures)
		s.Failures = append(s.Failures, TLSFailure{Result: t.Result, Host: t.Host, Reason: t.Reason})
	}
	s.Failures[i].Count += t.Count
	s.Failures[i].Reporters = addName(s.Failures[i].Reporters, reporter)
}

// Known reports whether a result is one of RFC 8460 section 4.3.
func (t *TLSFailure) Known() bool {
	switch t.Result {
	case report.NoSTARTTLS, report.HostMismatch, report.CertificateExpired, report.NotTrusted, report.ValidationFailure,
		report.TLSAInvalid, report.DNSSECInvalid, report.STSFetchError, report.STSInvalid, report.STSWebPKI:
		return true
	}
	return false
}

// ownAddresses are those of this machine, as others see it; none when they cannot be
// asked for now.
func (f *Feedback) ownAddresses(ctx context.Context) (list []string) {
	if f.Resolver == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	addrs, _, err := f.Resolver.Addresses(ctx, f.Hostname)
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		list = append(list, a.Unmap().String())
	}
	return list
}

// nameSources asks what machines are called that reports name: what somebody calls
// an address, and that name leads back to it.
func (f *Feedback) nameSources(ctx context.Context) error {
	if f.Resolver == nil {
		return nil
	}
	var addresses []string
	err := f.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`
			SELECT source FROM dmarc_line WHERE source NOT IN (SELECT address FROM source_name)
			GROUP BY source ORDER BY sum(count) DESC LIMIT 100`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var a string
			if err := rows.Scan(&a); err != nil {
				return err
			}
			addresses = append(addresses, a)
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	for _, a := range addresses {
		name := f.reverse(ctx, a)
		if ctx.Err() != nil {
			return nil
		}
		err := f.DB.Write(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(`INSERT INTO source_name (address, name, asked_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, a, name, f.Now().Unix())
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// reverse is the name of an address that leads back to it; "" for none.
func (f *Feedback) reverse(ctx context.Context, address string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	names, err := f.Resolver.LookupAddr(ctx, address)
	if err != nil {
		return ""
	}
	for _, name := range names[:min(len(names), 3)] {
		back, _, err := f.Resolver.Addresses(ctx, strings.TrimSuffix(name, "."))
		if err != nil {
			continue
		}
		for _, a := range back {
			if a.Unmap().String() == address {
				return strings.ToLower(strings.TrimSuffix(name, "."))
			}
		}
	}
	return ""
}

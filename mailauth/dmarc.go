package mailauth

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dmarc"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"letterbox/message"
	"letterbox/resolver"
)

// DMARC says whether the author's domain stands for the message.
type DMARC struct {
	Result      Result // none: the domain has no policy
	From        string // the author's domain, A-labels
	Policy      string // what the domain asks for: "none", "quarantine", "reject"; "" without one
	Disposition string // what is to be done, pct considered: the same words
	Reason      string
	Reports     []string // where the domain wants aggregate reports

	// Whether SPF and a signature stand for the author's domain; in the relaxed way
	// where it has no policy.
	SPFAligned, DKIMAligned bool
	Published               Published
}

// Published is the policy as it was found; without a Domain when there is none.
type Published struct {
	Domain    string // where it was found: the author's, or that of the organization above
	DKIM, SPF string // "r" or "s": how strictly names are compared
	Own       string // "none", "quarantine", "reject"
	Subdomain string // likewise, "" when nothing is said
	Percent   int
}

// A policyRecord is what the author's domain publishes.
type policyRecord struct {
	from   string
	record *dmarc.Record
	at     string // whose record it is
	below  bool   // it is that of the organization above
	result Result
	reason string
}

// dmarcPolicy finds the policy (RFC 7489 section 6.6.3): the domain's own, or
// that of its organization.
func (v *Verifier) dmarcPolicy(ctx context.Context, m mail) policyRecord {
	from, err := authorDomain(m)
	if err != nil {
		return policyRecord{result: PermError, reason: err.Error()}
	}
	p := policyRecord{from: from}
	names := []string{from}
	if org := Organization(from); org != from {
		names = append(names, org)
	}
	for i, name := range names {
		texts, err := v.Resolver.LookupTXT(ctx, "_dmarc."+name)
		if err != nil && !resolver.NotFound(err) {
			p.result, p.reason = TempError, "the policy cannot be asked for now"
			return p
		}
		if record := onePolicy(texts); record != nil {
			p.record, p.at, p.below = record, name, i > 0
			return p
		}
	}
	p.result = None
	return p
}

// onePolicy reads the one DMARC record among the texts; several are as good as
// none (RFC 7489 section 6.6.3).
func onePolicy(texts []string) *dmarc.Record {
	var found *dmarc.Record
	for _, text := range texts {
		if !strings.HasPrefix(text, "v=DMARC1") {
			continue
		}
		record, err := dmarc.Parse(text)
		if err != nil {
			continue
		}
		if found != nil {
			return nil
		}
		found = record
	}
	return found
}

// authorDomain is the one domain of From. A message of several authors speaks
// for none of them (RFC 7489 section 6.6.1).
func authorDomain(m mail) (string, error) {
	from := m.all("from")
	if m.tooBig || len(from) != 1 {
		return "", errors.New("there is not exactly one From field")
	}
	authors := message.ParseHeader(from[0].raw).From
	domain := ""
	for _, a := range authors {
		ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(a.Domain, "."))
		if err != nil || ascii == "" || domain != "" && ascii != domain {
			return "", errors.New("not exactly one domain is named in From")
		}
		domain = strings.ToLower(ascii)
	}
	if domain == "" {
		return "", errors.New("no address is named in From")
	}
	return domain, nil
}

// Organization is the domain that somebody registered (RFC 7489 section 3.2).
func Organization(domain string) string {
	org, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return domain
	}
	return org
}

// judge looks for a pass that is aligned with the author.
func (p policyRecord) judge(spf SPF, dkim []DKIM) DMARC {
	out := DMARC{Result: p.result, From: p.from, Reason: p.reason, Disposition: "none"}
	spfMode, dkimMode := dmarc.AlignmentMode(dmarc.AlignmentRelaxed), dmarc.AlignmentMode(dmarc.AlignmentRelaxed)
	if p.record != nil {
		spfMode, dkimMode = p.record.SPFAlignment, p.record.DKIMAlignment
	}
	out.SPFAligned = spf.Result == Pass && aligned(spf.Domain, p.from, spfMode)
	out.DKIMAligned = slices.ContainsFunc(dkim, func(d DKIM) bool { return d.Result == Pass && aligned(d.Domain, p.from, dkimMode) })
	if p.record == nil {
		return out
	}
	out.Published = p.published()
	out.Policy = string(p.record.Policy)
	if p.below && p.record.SubdomainPolicy != "" {
		out.Policy = string(p.record.SubdomainPolicy)
	}
	out.Reports = p.record.ReportURIAggregate
	out.Result = p.alignment(spf, dkim)
	if out.Result == Fail && sampled(p.record.Percent) {
		out.Disposition = out.Policy
	}
	return out
}

func (p policyRecord) published() Published {
	percent := 100
	if p.record.Percent != nil {
		percent = *p.record.Percent
	}
	return Published{
		Domain: p.at, DKIM: string(p.record.DKIMAlignment), SPF: string(p.record.SPFAlignment),
		Own: string(p.record.Policy), Subdomain: string(p.record.SubdomainPolicy), Percent: percent,
	}
}

func (p policyRecord) alignment(spf SPF, dkim []DKIM) Result {
	result := Fail
	try := func(r Result, domain string, mode dmarc.AlignmentMode) {
		switch {
		case !aligned(domain, p.from, mode):
		case r == Pass:
			result = Pass
		case r == TempError && result != Pass:
			result = TempError // it might have been a pass
		}
	}
	try(spf.Result, spf.Domain, p.record.SPFAlignment)
	for _, d := range dkim {
		try(d.Result, d.Domain, p.record.DKIMAlignment)
	}
	return result
}

// aligned is RFC 7489 section 3.1.
func aligned(domain, from string, mode dmarc.AlignmentMode) bool {
	if mode == dmarc.AlignmentStrict {
		return domain == from
	}
	return domain != "" && Organization(domain) == Organization(from)
}

// sampled decides pct=: a domain may want its policy for a part of its mail.
func sampled(percent *int) bool { return percent == nil || rand.IntN(100) < *percent }

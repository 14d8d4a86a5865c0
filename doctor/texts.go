package doctor

import (
	"context"
	"strings"

	"letterbox/records"
	"letterbox/resolver"
)

// published returns the texts of a name that begin with a version tag, such as
// "v=DMARC1".
func (p *Patient) published(ctx context.Context, name, version string) (list []string, err error) {
	texts, err := p.Resolver.LookupTXT(ctx, name)
	if err != nil && !resolver.NotFound(err) {
		return nil, err
	}
	for _, text := range texts {
		head, _, _ := strings.Cut(text, ";")
		if strings.EqualFold(strings.Join(strings.Fields(head), ""), version) {
			list = append(list, text)
		}
	}
	return list, nil
}

// tag returns the value of a tag in a list such as "v=DMARC1; p=none", without
// white space (RFC 6376 section 3.2).
func tag(text, name string) string {
	for part := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(part, "=")
		if strings.TrimSpace(key) == name {
			return strings.Join(strings.Fields(value), "")
		}
	}
	return ""
}

// dkim compares the keys that sign with those that others find.
func dkim(ctx context.Context, p *Patient, d Domain) (list []Result) {
	for _, r := range d.of(records.DKIM) {
		if r.Passing {
			continue
		}
		a := dnsThing("dkim", r.Name)
		texts, err := p.Resolver.LookupTXT(ctx, r.Name)
		switch {
		case resolver.NotFound(err):
			list = append(list, a.red("missing", r.Name).publish(r.String()))
		case err != nil:
			list = append(list, a.silent(err))
		case len(texts) > 1 || tag(texts[0], "p") != tag(r.Value, "p"):
			list = append(list, a.red("different", r.Name).publish(r.String()))
		default:
			list = append(list, a.ok("fine", r.Name))
		}
	}
	return list
}

// dmarc looks at what others are told about mail in the domain's name.
func dmarc(ctx context.Context, p *Patient, d Domain) []Result {
	a, want := dnsThing("dmarc", d.Name), d.of(records.DMARC)[0]
	texts, err := p.published(ctx, want.Name, "v=DMARC1")
	switch {
	case err != nil:
		return []Result{a.silent(err)}
	case len(texts) == 0:
		return []Result{a.amber("missing", want.Name).publish(want.String())}
	case len(texts) > 1:
		// RFC 7489 section 6.6.3: several count as none.
		return []Result{a.red("several", want.Name, len(texts)).publish(want.String())}
	case strings.EqualFold(tag(texts[0], "p"), "none"):
		return []Result{a.amber("watching", texts[0])}
	}
	return []Result{a.ok("fine", tag(texts[0], "p"))}
}

// reports looks at whether others are asked to report failed encryption.
func reports(ctx context.Context, p *Patient, d Domain) []Result {
	a, want := dnsThing("tlsrpt", d.Name), d.of(records.TLSReports)[0]
	texts, err := p.published(ctx, want.Name, "v=TLSRPTv1")
	switch {
	case err != nil:
		return []Result{a.silent(err)}
	case len(texts) == 0:
		return []Result{a.amber("missing", want.Name).publish(want.String())}
	case len(texts) > 1:
		// RFC 8460 section 3: several count as none.
		return []Result{a.amber("several", want.Name, len(texts)).publish(want.String())}
	}
	return []Result{a.ok("fine", tag(texts[0], "rua"))}
}

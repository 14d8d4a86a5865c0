package doctor

import (
	"context"
	"strings"

	"blitiri.com.ar/go/spf"
	"letterbox/records"
	"letterbox/resolver"
)

// spfRecord looks at whether others believe that this machine sends for the
// domain, as they would: by working out its policy for our addresses.
func spfRecord(ctx context.Context, p *Patient, d Domain) []Result {
	a, line := dnsThing("spf", d.Name), d.of(records.SPF)[0].String()
	texts, err := p.Resolver.LookupTXT(ctx, d.Name)
	if err != nil && !resolver.NotFound(err) {
		return []Result{a.silent(err)}
	}
	var policies []string
	for _, text := range texts {
		if strings.EqualFold(text, "v=spf1") || len(text) > 7 && strings.EqualFold(text[:7], "v=spf1 ") {
			policies = append(policies, text)
		}
	}
	switch {
	case len(policies) == 0:
		return []Result{a.amber("missing", d.Name).publish(line)}
	case len(policies) > 1:
		// RFC 7208 section 4.5: that is an error, and no policy at all.
		return []Result{a.red("several", len(policies)).publish(line)}
	case p.Relay != "":
		return []Result{a.ok("relay", policies[0], p.Relay)}
	}
	return []Result{p.believed(ctx, a, d, policies[0]).publish()}
}

// believed works the policy out for each of our addresses.
func (p *Patient) believed(ctx context.Context, a about, d Domain, policy string) Result {
	ours, err := p.addresses(ctx)
	if err != nil {
		return a.unknown("homeless", policy, p.Hostname)
	}
	for _, address := range ours {
		result, err := spf.CheckHostWithSender(address.AsSlice(), p.Hostname, "postmaster@"+d.Name,
			spf.WithContext(ctx), spf.WithResolver(p.Resolver))
		switch result {
		case spf.Pass:
		case spf.TempError:
			return a.silent(err)
		case spf.PermError:
			return a.red("broken", policy, err.Error())
		default:
			return a.red("fails", policy, address.String())
		}
	}
	return a.ok("fine", policy)
}

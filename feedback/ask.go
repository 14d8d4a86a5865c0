package feedback

import (
	"context"
	"fmt"
	"strings"

	"letterbox/mailauth"
	"letterbox/report"
	"letterbox/resolver"
)

// verified returns those destinations of a policy that want its reports. An error is
// a passing one.
func (f *Feedback) verified(ctx context.Context, policy string, list []report.Destination) (all []report.Destination, err error) {
	for _, d := range list {
		if d.Mail == "" {
			continue // RFC 7489 knows mail alone
		}
		wanted, err := f.wanted(ctx, policy, d)
		if err != nil {
			return nil, err
		}
		all = append(all, wanted...)
	}
	return all, nil
}

// wanted asks the destination, where that is somebody else's domain, whether it
// takes reports about the policy's (RFC 7489 section 7.1): otherwise anybody could
// have reports sent to others. It may name other addresses of its own.
func (f *Feedback) wanted(ctx context.Context, policy string, d report.Destination) ([]report.Destination, error) {
	host := domainOf(d.Mail)
	if mailauth.Organization(host) == mailauth.Organization(policy) {
		return []report.Destination{d}, nil
	}
	texts, err := f.Resolver.LookupTXT(ctx, policy+"._report._dmarc."+host)
	if resolver.NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask whether %s takes reports about %s: %w", host, policy, err)
	}
	agrees := false
	for _, text := range texts {
		tags := strings.Split(text, ";")
		if strings.Join(strings.Fields(tags[0]), "") != "v=DMARC1" {
			continue
		}
		agrees = true
		for _, tag := range tags[1:] {
			if name, value, _ := strings.Cut(tag, "="); strings.TrimSpace(name) == "rua" {
				return instead(host, report.Destinations(strings.Split(value, ","))), nil
			}
		}
	}
	if !agrees {
		return nil, nil
	}
	return []report.Destination{d}, nil
}

// instead are the addresses that a destination names; none when one of them leads
// to yet another host.
func instead(host string, list []report.Destination) []report.Destination {
	for _, d := range list {
		if domainOf(d.Mail) != host {
			return nil
		}
	}
	return list
}

// domainOf is the domain of an address in lower case.
func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

package doctor

import (
	"context"
	"net/netip"
	"strings"

	"letterbox/certificate"
	"letterbox/resolver"
)

// addresses are those that others reach this machine at.
func (p *Patient) addresses(ctx context.Context) ([]netip.Addr, error) {
	list, _, err := p.Resolver.Addresses(ctx, p.Hostname)
	return list, err
}

// hostName looks at whether the machine has a name that others can know.
func hostName(_ context.Context, p *Patient) []Result {
	a := machineThing("hostname", "")
	if !certificate.Public(p.Hostname) {
		return []Result{a.red("private", p.Hostname)}
	}
	return []Result{a.ok("fine", p.Hostname)}
}

// hostAddress looks at whether the name leads to an address that others reach.
func hostAddress(ctx context.Context, p *Patient) []Result {
	a := dnsThing("address", p.Hostname)
	list, err := p.addresses(ctx)
	switch {
	case resolver.NotFound(err):
		return []Result{a.red("missing", p.Hostname)}
	case err != nil:
		return []Result{a.silent(err)}
	}
	for _, one := range list {
		if one.IsPrivate() || one.IsLoopback() || one.IsLinkLocalUnicast() {
			return []Result{a.red("private", p.Hostname, one.String())}
		}
	}
	return []Result{a.ok("fine", words(list))}
}

func words(list []netip.Addr) string {
	var texts []string
	for _, one := range list {
		texts = append(texts, one.String())
	}
	return strings.Join(texts, ", ")
}

// reverse looks at whether each of our addresses leads back to our name: many
// servers refuse mail from where it does not.
func reverse(ctx context.Context, p *Patient) (list []Result) {
	ours, err := p.addresses(ctx)
	if err != nil {
		return nil // hostAddress tells
	}
	for _, address := range ours {
		a := dnsThing("ptr", address.String())
		names, err := p.Resolver.LookupAddr(ctx, address.String())
		switch {
		case resolver.NotFound(err):
			list = append(list, a.red("missing", address.String(), p.Hostname))
		case err != nil:
			list = append(list, a.silent(err))
		case same(names[0], p.Hostname):
			list = append(list, a.ok("fine", p.Hostname))
		default:
			list = append(list, a.amber("different", address.String(), strings.TrimSuffix(names[0], "."), p.Hostname))
		}
	}
	return list
}

// authorities looks at whether the owner of the name forbids the authority that
// is asked to issue certificates (RFC 8659).
func authorities(ctx context.Context, p *Patient) []Result {
	if p.Authority == "" || !certificate.Public(p.Hostname) {
		return nil
	}
	a := dnsThing("caa", p.Hostname)
	list, err := p.Resolver.CAA(ctx, p.Hostname)
	if err != nil {
		return []Result{a.silent(err)}
	}
	var issuers []string
	for _, c := range list {
		issuer, _, _ := strings.Cut(c.Value, ";")
		switch issuer = strings.TrimSpace(issuer); {
		case c.Tag != "issue":
		case same(issuer, p.Authority):
			return []Result{a.ok("named", p.Authority)}
		default:
			issuers = append(issuers, issuer)
		}
	}
	if len(issuers) == 0 {
		return []Result{a.ok("fine")}
	}
	line := p.Hostname + `. CAA 0 issue "` + p.Authority + `"`
	return []Result{a.red("forbidden", strings.Join(issuers, ", "), p.Authority).publish(line)}
}

// dane compares the TLSA records with the key (RFC 7672): servers that use DANE
// deliver nothing when none fits. None at all is fine.
func dane(ctx context.Context, p *Patient) []Result {
	if len(p.TLSA) == 0 || !certificate.Public(p.Hostname) {
		return nil
	}
	a := dnsThing("tlsa", p.Hostname)
	list, _, err := p.Resolver.TLSA(ctx, "25", p.Hostname)
	switch {
	case resolver.NotFound(err):
		return []Result{a.ok("unused")}
	case err != nil:
		return []Result{a.silent(err)}
	}
	var lines []string
	for _, data := range p.TLSA {
		lines = append(lines, "_25._tcp."+p.Hostname+". TLSA "+data)
	}
	for _, r := range list {
		if matches(r, p.TLSA[0]) {
			return []Result{a.ok("fine")}
		}
	}
	return []Result{a.red("different").publish(lines...)}
}

// matches compares a record with the data of one that should be there.
func matches(r resolver.TLSA, data string) bool {
	want := strings.Fields(data)
	return len(want) == 4 && r.Usage == 3 && r.Selector == 1 && r.Matching == 1 && strings.EqualFold(r.Data, want[3])
}

// blocklists asks the lists that are configured whether our addresses are on
// them (RFC 5782).
func blocklists(ctx context.Context, p *Patient) (list []Result) {
	if len(p.Blocklists) == 0 {
		return nil
	}
	ours, err := p.addresses(ctx)
	if err != nil {
		return nil // hostAddress tells
	}
	for _, address := range ours {
		for _, zone := range p.Blocklists {
			list = append(list, p.listed(ctx, address, zone))
		}
	}
	return list
}

func (p *Patient) listed(ctx context.Context, address netip.Addr, zone string) Result {
	a := dnsThing("blocklist", address.String()+" "+zone)
	answers, _, err := p.Resolver.Addresses(ctx, backwards(address)+"."+zone)
	switch {
	case resolver.NotFound(err):
		return a.ok("fine", zone)
	case err != nil:
		return a.silent(err)
	case strings.HasPrefix(answers[0].String(), "127.255."):
		// Lists answer so when they serve the asking name server no longer.
		return a.unknown("refused", zone)
	}
	return a.red("listed", address.String(), zone)
}

// backwards is an address as lists are asked for it (RFC 5782 section 2.1).
func backwards(a netip.Addr) string {
	var parts []string
	if a.Is4() {
		for part := range strings.SplitSeq(a.String(), ".") {
			parts = append([]string{part}, parts...)
		}
		return strings.Join(parts, ".")
	}
	for _, digit := range strings.ReplaceAll(a.StringExpanded(), ":", "") {
		parts = append([]string{string(digit)}, parts...)
	}
	return strings.Join(parts, ".")
}

package junk

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
	"letterbox/resolver"
)

// A List is a DNSBL (RFC 5782): a zone that has a record for each address that its
// keeper thinks little of.
type List struct {
	Zone     string
	Resolver *resolver.Resolver
}

// pointsListed is what a list counts. Lists are wrong about somebody every day, and
// none decides alone.
const pointsListed = 3

// Name is the zone.
func (l *List) Name() string { return l.Zone }

// Ask looks the machine up that the message came from.
func (l *List) Ask(ctx context.Context, s *Submission) (e Evidence, err error) {
	if !s.Remote.IsValid() || s.Remote.IsLoopback() || s.Remote.IsPrivate() {
		return e, nil
	}
	name, err := dns.ReverseAddr(s.Remote.Unmap().WithZone("").String())
	if err != nil {
		return e, err
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, "in-addr.arpa."), "ip6.arpa.") + strings.Trim(l.Zone, ".")
	found, err := l.Resolver.LookupIPAddr(ctx, name)
	if resolver.NotFound(err) {
		return e, nil
	}
	if err != nil {
		return e, fmt.Errorf("look %s up in %s: %w", s.Remote, l.Zone, err)
	}
	for _, a := range found {
		ip, _ := netip.AddrFromSlice(a.IP)
		if listed(ip.Unmap()) {
			e.add(ReasonListed, pointsListed, l.Zone+" lists "+s.Remote.Unmap().String())
			return e, nil
		}
	}
	return e, fmt.Errorf("%s answers %v, which says nothing; it may refuse questions from this name server", l.Zone, found)
}

// listed tells an entry (RFC 5782 section 2.1) from other answers: a wildcard of
// somebody who sells domains, or the codes from 127.255.255.0 on by which lists say
// that they do not answer here.
func listed(a netip.Addr) bool {
	return a.Is4() && a.As4()[0] == 127 && !netip.MustParsePrefix("127.255.255.0/24").Contains(a)
}

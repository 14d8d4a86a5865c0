package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
	"letterbox/resolver"
)

// A host is a server that takes mail for a domain.
type host struct {
	name   string // without the dot at its end
	addrs  []netip.Addr
	secure bool // DNSSEC vouches for the way from the domain to the addresses
}

// maxHosts and maxAddresses bound what one domain can make us try.
const (
	maxHosts     = 8
	maxAddresses = 4
)

// An exchange is how mail reaches a domain.
type exchange struct {
	hosts    []host // the most wanted first; addresses are looked up when it is their turn
	secure   bool   // DNSSEC vouches for the MX records, or that there are none
	implicit bool   // there are no MX records: the domain's own address
	lax      bool   // nothing is demanded of encryption
}

// exchange finds the servers of a domain (RFC 5321 section 5.1). A *replyError
// says what is wrong with the domain; other errors are passing ones.
func (c *Courier) exchange(ctx context.Context, domain string) (*exchange, error) {
	if addr, ok := literal(domain); ok {
		return &exchange{hosts: []host{{name: domain, addrs: []netip.Addr{addr}}}}, nil
	}
	list, secure, err := c.Resolver.MX(ctx, domain)
	if resolver.NotFound(err) {
		return &exchange{hosts: []host{{name: domain}}, secure: secure, implicit: true}, nil
	}
	if err != nil {
		return nil, &replyError{ours("4.4.3", "the servers of %s cannot be looked up: %v", domain, err)}
	}
	if len(list) == 1 && (list[0].Host == "." || list[0].Host == "") { // RFC 7505
		return nil, &replyError{ours("5.1.10", "%s takes no mail at all: its DNS says so", domain)}
	}
	x := &exchange{secure: secure}
	for _, mx := range c.beforeUs(shuffled(list)) {
		x.hosts = append(x.hosts, host{name: hostName(mx)})
	}
	if len(x.hosts) == 0 {
		return nil, &replyError{ours("5.4.6", "mail for %s is to come to this very machine, which does not know that domain; 'letterbox domain add %s' would take it", domain, domain)}
	}
	x.hosts = x.hosts[:min(maxHosts, len(x.hosts))]
	return x, nil
}

// shuffled mixes the servers that are wanted equally: they share the load.
func shuffled(list []*net.MX) []*net.MX {
	for from := 0; from < len(list); {
		to := from
		for to < len(list) && list[to].Pref == list[from].Pref {
			to++
		}
		same := list[from:to]
		rand.Shuffle(len(same), func(i, j int) { same[i], same[j] = same[j], same[i] })
		from = to
	}
	return list
}

// beforeUs drops us and who is wanted less: they would hand it to us.
func (c *Courier) beforeUs(list []*net.MX) []*net.MX {
	for _, mx := range list {
		if hostName(mx) != strings.ToLower(c.Hostname) {
			continue
		}
		for i, other := range list {
			if other.Pref >= mx.Pref {
				return list[:i]
			}
		}
	}
	return list
}

func hostName(mx *net.MX) string { return strings.ToLower(strings.TrimSuffix(mx.Host, ".")) }

// locate looks up the addresses of a host.
func (c *Courier) locate(ctx context.Context, x *exchange, h *host) error {
	if len(h.addrs) > 0 {
		return nil
	}
	addrs, secure, err := c.Resolver.Addresses(ctx, h.name)
	switch {
	case resolver.NotFound(err) && x.implicit:
		return &replyError{ours("5.1.2", "there is no domain %s that takes mail; is it spelled right?", h.name)}
	case resolver.NotFound(err):
		return &replyError{ours("4.4.4", "%s has no address", h.name)}
	case err != nil:
		return &replyError{ours("4.4.3", "%s cannot be looked up: %v", h.name, err)}
	}
	h.addrs, h.secure = addrs[:min(maxAddresses, len(addrs))], x.secure && secure
	return nil
}

// literal reads an address in place of a domain (RFC 5321 section 4.1.3).
func literal(domain string) (netip.Addr, bool) {
	inner, found := strings.CutPrefix(domain, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !found || !closed {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(strings.TrimPrefix(strings.ToLower(inner), "ipv6:"))
	return addr, err == nil
}

// provider is the organization that a server belongs to: who refuses us for one
// of its customers does so for all.
func provider(hostname string) string {
	org, err := publicsuffix.EffectiveTLDPlusOne(hostname)
	if err != nil {
		return hostname
	}
	return org
}

// A gathering collects why one server after the other did not take the mail.
type gathering struct {
	errs []error
}

func (g *gathering) add(h host, err error) {
	var refused *replyError
	if !errors.As(err, &refused) {
		err = fmt.Errorf("%s: %w", h.name, err)
	}
	g.errs = append(g.errs, err)
}

// verdict is the first temporary reason, if there is any: then the next try may
// find that server well.
func (g *gathering) verdict() error {
	for _, err := range g.errs {
		if !asReply(err).Permanent() {
			return err
		}
	}
	return g.errs[0]
}

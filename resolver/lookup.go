package resolver

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// LookupTXT returns the texts of a name, the strings of each joined.
func (r *Resolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	records, _, err := r.ask(ctx, name, dns.TypeTXT)
	var texts []string
	for _, rr := range records {
		texts = append(texts, plain(strings.Join(rr.(*dns.TXT).Txt, "")))
	}
	return texts, err
}

// plain undoes the escapes by which the library writes texts.
func plain(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\' || i+1 == len(s):
			b.WriteByte(s[i])
		case i+3 < len(s) && isDigit(s[i+1]) && isDigit(s[i+2]) && isDigit(s[i+3]):
			b.WriteByte((s[i+1]-'0')*100 + (s[i+2]-'0')*10 + s[i+3] - '0')
			i += 3
		default:
			i++
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// LookupMX returns the mail servers of a domain as net.Resolver does.
func (r *Resolver) LookupMX(ctx context.Context, domain string) ([]*net.MX, error) {
	list, _, err := r.MX(ctx, domain)
	return list, err
}

// MX returns the mail servers of a domain, the most wanted first.
func (r *Resolver) MX(ctx context.Context, domain string) (list []*net.MX, secure bool, err error) {
	records, secure, err := r.ask(ctx, domain, dns.TypeMX)
	for _, rr := range records {
		mx := rr.(*dns.MX)
		list = append(list, &net.MX{Host: mx.Mx, Pref: mx.Preference})
	}
	slices.SortStableFunc(list, func(a, b *net.MX) int { return cmp.Compare(a.Pref, b.Pref) })
	return list, secure, err
}

// LookupIPAddr returns the addresses of a host as net.Resolver does.
func (r *Resolver) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	found, _, err := r.Addresses(ctx, host)
	var list []net.IPAddr
	for _, a := range found {
		list = append(list, net.IPAddr{IP: a.AsSlice()})
	}
	return list, err
}

// Addresses returns the addresses of a host, IPv6 before IPv4. One family is
// enough; it fails when neither is there, temporarily if one may yet be.
func (r *Resolver) Addresses(ctx context.Context, host string) (list []netip.Addr, secure bool, err error) {
	six, secureSix, errSix := r.ask(ctx, host, dns.TypeAAAA)
	four, secureFour, errFour := r.ask(ctx, host, dns.TypeA)
	for _, rr := range append(six, four...) {
		if a, ok := address(rr); ok {
			list = append(list, a)
		}
	}
	secure = secureSix && secureFour
	switch {
	case len(list) > 0:
		return list, secure, nil
	case errSix != nil && !NotFound(errSix):
		return nil, secure, errSix
	case errFour != nil:
		return nil, secure, errFour
	}
	return nil, secure, errSix
}

func address(rr dns.RR) (netip.Addr, bool) {
	switch rr := rr.(type) {
	case *dns.A:
		return netip.AddrFromSlice(rr.A.To4())
	case *dns.AAAA:
		return netip.AddrFromSlice(rr.AAAA)
	}
	return netip.Addr{}, false
}

// LookupAddr returns the names of an address as net.Resolver does.
func (r *Resolver) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	name, err := dns.ReverseAddr(addr)
	if err != nil {
		return nil, err
	}
	records, _, err := r.ask(ctx, name, dns.TypePTR)
	var names []string
	for _, rr := range records {
		names = append(names, rr.(*dns.PTR).Ptr)
	}
	return names, err
}

// A TLSA record (RFC 6698 section 2.1).
type TLSA struct {
	Usage, Selector, Matching uint8
	Data                      string // hex
}

// TLSA returns what the owner of a host says about the certificate at its port.
func (r *Resolver) TLSA(ctx context.Context, port, host string) (list []TLSA, secure bool, err error) {
	name, err := dns.TLSAName(dns.Fqdn(host), port, "tcp")
	if err != nil {
		return nil, false, err
	}
	records, secure, err := r.ask(ctx, name, dns.TypeTLSA)
	for _, rr := range records {
		t := rr.(*dns.TLSA)
		list = append(list, TLSA{t.Usage, t.Selector, t.MatchingType, t.Certificate})
	}
	return list, secure, err
}

// An SRV record (RFC 2782).
type SRV struct {
	Priority, Weight, Port uint16
	Target                 string // "." for none
}

// SRV returns where a service of a domain is; name is such as
// _imaps._tcp.example.org.
func (r *Resolver) SRV(ctx context.Context, name string) (list []SRV, err error) {
	records, _, err := r.ask(ctx, name, dns.TypeSRV)
	for _, rr := range records {
		s := rr.(*dns.SRV)
		list = append(list, SRV{s.Priority, s.Weight, s.Port, s.Target})
	}
	return list, err
}

// Authority returns the name of the zone in which a domain is, and its name
// servers: those of the domain itself or of the nearest above it that has some. A
// public suffix such as "org" is nobody's zone.
func (r *Resolver) Authority(ctx context.Context, domain string) (zone string, servers []string, err error) {
	zone = strings.TrimSuffix(domain, ".")
	for ; strings.Contains(zone, "."); _, zone, _ = strings.Cut(zone, ".") {
		records, _, err := r.ask(ctx, zone, dns.TypeNS)
		if err != nil && !NotFound(err) {
			return "", nil, err
		}
		for _, rr := range records {
			servers = append(servers, strings.ToLower(rr.(*dns.NS).Ns))
		}
		if len(servers) > 0 {
			return zone, servers, nil
		}
	}
	return "", nil, nil
}

// A CAA record (RFC 8659).
type CAA struct{ Tag, Value string }

// CAA returns who may issue certificates for a name, as the name itself or the
// nearest above it that says something (RFC 8659 section 3); nothing when none
// does.
func (r *Resolver) CAA(ctx context.Context, name string) (list []CAA, err error) {
	for name = strings.TrimSuffix(name, "."); name != ""; _, name, _ = strings.Cut(name, ".") {
		records, _, err := r.ask(ctx, name, dns.TypeCAA)
		if err != nil && !NotFound(err) {
			return nil, err
		}
		for _, rr := range records {
			c := rr.(*dns.CAA)
			list = append(list, CAA{strings.ToLower(c.Tag), c.Value})
		}
		if len(list) > 0 {
			break
		}
	}
	return list, nil
}

package junk

import (
	"net/netip"
	"regexp"
	"strings"

	"letterbox/mailauth"
	"letterbox/message"
)

// A Sender is who a message is from, and how much of that is proven.
type Sender struct {
	Address  string // of From, lower case; "" when there is not exactly one
	Network  string // that it came from: "192.0.2.0/24", "" when that is nobody's business or unknown
	Verified bool   // the domain of the address stands for the message
	Denied   bool   // the domain disowns it
}

// domain is that of the address.
func (s Sender) domain() string { return domainOf(s.Address) }

func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// names are those under which a reputation is kept. An address counts for itself
// where it is proven; where it is not, only together with the network, so that
// whoever writes in the name of a friend is none.
func (s Sender) names() []string {
	var list []string
	switch {
	case s.Address == "" || s.Denied:
	case s.Verified:
		list = append(list, s.Address, "domain:"+s.domain())
	default:
		list = append(list, strings.TrimSpace(s.Address+" "+s.Network))
	}
	if s.Network != "" {
		list = append(list, "network:"+s.Network)
	}
	return list
}

// senderOf says who a message is from that has just come.
func senderOf(m *message.Message, remote netip.Addr, v *mailauth.Verdict) Sender {
	s := Sender{Address: author(m), Network: network(remote)}
	if v == nil || s.Address == "" {
		return s
	}
	from := v.DMARC.From
	switch {
	case from == "":
	case v.DMARC.Result == mailauth.Pass:
		s.Verified = true
	case v.DMARC.Result == mailauth.Fail:
		s.Denied = true
	default: // the domain has no policy: the same proofs count
		s.Verified = v.SPF.Result == mailauth.Pass && within(v.SPF.Domain, from)
		for _, d := range v.DKIM {
			s.Verified = s.Verified || d.Result == mailauth.Pass && within(d.Domain, from)
		}
		s.Denied = !s.Verified && v.SPF.Result == mailauth.Fail && within(v.SPF.Domain, from)
	}
	return s
}

// author is the one address of From.
func author(m *message.Message) string {
	if len(m.From) != 1 || m.From[0].Local == "" || m.From[0].Domain == "" {
		return ""
	}
	return strings.ToLower(m.From[0].Local + "@" + m.From[0].Domain)
}

// within reports whether two domains are the same, or one lies in the other.
func within(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return a != "" && b != "" && (a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a))
}

// network is the neighbourhood of an address: who has one of it mostly has the
// others.
func network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	if !a.IsValid() || a.IsLoopback() {
		return ""
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// Our own lines above a message that was delivered.
var (
	receivedFrom = regexp.MustCompile(`^Received: from .*?\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]\) by `)
	dkimDomain   = regexp.MustCompile(`dkim=pass .*?header\.d=([^ ;"]+)`)
	spfDomain    = regexp.MustCompile(`spf=pass .*?smtp\.(?:mailfrom=[^ ;"]*@|helo=)([^ ;"@]+)`)
)

// senderIn says who a message is from that was delivered before, by the lines that
// were written above it then. What was put into a mailbox in other ways has none.
func senderIn(prefix, raw []byte) Sender {
	m := message.ParseHeader(raw)
	s := Sender{Address: author(m)}
	if received := message.HeaderValues(prefix, "Received"); len(received) > 0 {
		if found := receivedFrom.FindStringSubmatch("Received: " + unfold(received[0])); found != nil {
			if a, err := netip.ParseAddr(found[1]); err == nil {
				s.Network = network(a)
			}
		}
	}
	results := message.HeaderValues(prefix, "Authentication-Results")
	if len(results) == 0 {
		return s
	}
	text := unfold(results[0])
	switch from := s.domain(); {
	case strings.Contains(text, "; dmarc=pass "):
		s.Verified = true
	case strings.Contains(text, "; dmarc=fail "):
		s.Denied = true
	default:
		for part := range strings.SplitSeq(text, "; ") {
			for _, proof := range []*regexp.Regexp{dkimDomain, spfDomain} {
				if found := proof.FindStringSubmatch(part); found != nil && within(found[1], from) {
					s.Verified = true
				}
			}
		}
		s.Denied = !s.Verified && strings.Contains(text, "; spf=fail ")
	}
	return s
}

// unfold makes one line of a field with single spaces.
func unfold(value string) string { return strings.Join(strings.Fields(value), " ") }

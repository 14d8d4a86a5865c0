package queue

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"letterbox/report"
	"letterbox/resolver"
)

// Usages that count in mail (RFC 7672 section 3.1).
const (
	daneTA = 2
	daneEE = 3
)

// dane returns what the owner of a host demands by TLSA records (RFC 7672); nil
// when nothing. Where no DNSSEC vouches for the way there, nothing is asked. An
// error means that this host must not be used now.
func (c *Courier) dane(ctx context.Context, h host, domain string) (*tlsPolicy, error) {
	if !h.secure {
		return nil, nil
	}
	records, secure, err := c.Resolver.TLSA(ctx, "25", h.name)
	if resolver.NotFound(err) || err == nil && !secure {
		return nil, nil
	}
	about := report.TLSPolicy{Type: report.PolicyDANE, Domain: domain, Hosts: []string{h.name}}
	if err != nil { // section 2.1.2: somebody may be hiding them
		c.Feedback.Connected(about, &report.Failure{Result: report.DNSSECInvalid, Host: h.name})
		return nil, &replyError{ours("4.7.5", "the TLSA records of %s cannot be asked for: %v", h.name, err)}
	}
	for _, r := range records {
		about.String = append(about.String, fmt.Sprintf("%d %d %d %s", r.Usage, r.Selector, r.Matching, r.Data))
	}
	p := &tlsPolicy{required: true, source: "DANE", trusted: true, about: about}
	var usable []resolver.TLSA
	for _, r := range records {
		if (r.Usage == daneTA || r.Usage == daneEE) && r.Selector <= 1 && r.Matching <= 2 {
			usable = append(usable, r)
		}
	}
	if len(usable) > 0 { // section 2.2: with none of them, any certificate will do
		p.verify = func(state tls.ConnectionState) error { return matchTLSA(state, usable, h.name, domain) }
	}
	return p, nil
}

var errNoTLSA = errors.New("no TLSA record matches it")

// matchTLSA checks what a server showed: its own certificate, whatever its names
// and dates (DANE-EE), or one that signed it, for the host's name or the
// domain's (DANE-TA, section 3.2.3).
func matchTLSA(state tls.ConnectionState, records []resolver.TLSA, hostname, domain string) error {
	chain := state.PeerCertificates
	for _, r := range records {
		if r.Usage == daneEE {
			if matches(chain[0], r) {
				return nil
			}
			continue
		}
		for _, cert := range chain {
			if matches(cert, r) && (signedBy(state, cert, hostname) || signedBy(state, cert, domain)) {
				return nil
			}
		}
	}
	return errNoTLSA
}

func signedBy(state tls.ConnectionState, anchor *x509.Certificate, name string) bool {
	roots := x509.NewCertPool()
	roots.AddCert(anchor)
	return verifyChain(state, name, roots) == nil
}

func matches(cert *x509.Certificate, r resolver.TLSA) bool {
	data := cert.Raw
	if r.Selector == 1 {
		data = cert.RawSubjectPublicKeyInfo
	}
	switch r.Matching {
	case 1:
		sum := sha256.Sum256(data)
		data = sum[:]
	case 2:
		sum := sha512.Sum512(data)
		data = sum[:]
	}
	return strings.EqualFold(hex.EncodeToString(data), r.Data)
}

package queue

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"letterbox/report"
)

// A tlsPolicy says how safe the connection to one server has to be.
type tlsPolicy struct {
	required bool         // no mail in the clear
	verify   verification // nil: any certificate will do
	source   string       // who demands that: "DANE", "MTA-STS", "relay.tls"
	trusted  bool         // the way to the server's name was authenticated

	watch verification     // what a policy would demand that is only tried (MTA-STS testing)
	about report.TLSPolicy // as it is told to the domain; without a Domain nobody is told
}

// A verification checks the certificates that a server showed.
type verification func(state tls.ConnectionState) error

// tlsConfig is for a server. The library's own check is off: each policy has its
// own, and where there is none an unknown certificate is still better than no
// encryption (RFC 7435).
func (c *Courier) tlsConfig(hostname string, p tlsPolicy) *tls.Config {
	return &tls.Config{
		ServerName:         hostname,
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			if p.verify == nil {
				return nil
			}
			if err := p.verify(state); err != nil {
				return fmt.Errorf("%s does not accept its certificate: %w", p.source, err)
			}
			return nil
		},
	}
}

// webPKI checks a certificate as browsers do.
func (c *Courier) webPKI(hostname string) verification {
	return func(state tls.ConnectionState) error {
		return verifyChain(state, hostname, c.Roots)
	}
}

// verifyChain checks what was shown against roots, nil for the system's.
func verifyChain(state tls.ConnectionState, hostname string, roots *x509.CertPool) error {
	options := x509.VerifyOptions{DNSName: hostname, Roots: roots, Intermediates: x509.NewCertPool()}
	for _, cert := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(cert)
	}
	_, err := state.PeerCertificates[0].Verify(options)
	return err
}

// knows reports whether a connection is with whom we mean, for REQUIRETLS (RFC
// 8689 section 4.2.1): its name came by a way that nobody could forge, and its
// certificate is good for that.
func (c *Courier) knows(hostname string, p tlsPolicy, state *tls.ConnectionState) bool {
	switch {
	case state == nil:
		return false
	case p.verify != nil:
		return true
	}
	return p.trusted && verifyChain(*state, hostname, c.Roots) == nil
}

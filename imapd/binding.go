package imapd

import (
	"crypto/tls"
	"crypto/x509"
	"net"

	"github.com/xdg-go/scram"
)

// bindings are what SCRAM-SHA-256-PLUS can be bound to: what tells this TLS
// connection from every other (RFC 9266), and our certificate (RFC 5929), which
// is all that clients behind some proxies and TLS libraries can name. Nil without
// TLS.
func (l *link) bindings() map[string][]byte {
	conn, ok := l.conn.(*tls.Conn)
	if !ok {
		return nil
	}
	bindings := map[string][]byte{}
	state := conn.ConnectionState()
	// Fails where TLS 1.2 could be made to agree on the same keys twice.
	if b, err := scram.NewTLSExporterBinding(&state); err == nil {
		bindings[string(b.Type)] = b.Data
	}
	if l.endpoint != nil {
		bindings[string(scram.ChannelBindingTLSServerEndpoint)] = l.endpoint
	}
	return bindings
}

// A markedConn is a connection that learns which of our certificates its TLS
// handshake has shown, which package tls does not tell a server.
type markedConn struct {
	net.Conn
	endpoint []byte // hash of the certificate; nil: none was shown, as in a resumed session
}

// markEndpoints makes handshakes on marked connections tell.
func markEndpoints(cfg *tls.Config) *tls.Config {
	if cfg == nil {
		return nil
	}
	marking, choose := cfg.Clone(), cfg.GetCertificate
	marking.Certificates = nil // else nobody is asked where a client names no server
	marking.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		certificate, err := chosen(cfg, choose, hello)
		if conn, ok := hello.Conn.(*markedConn); ok && err == nil && certificate != nil {
			conn.endpoint = endpoint(certificate)
		}
		return certificate, err
	}
	return marking
}

// chosen is the certificate that package tls would choose without us.
func chosen(cfg *tls.Config, choose func(*tls.ClientHelloInfo) (*tls.Certificate, error), hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if choose != nil {
		if certificate, err := choose(hello); certificate != nil || err != nil {
			return certificate, err
		}
	}
	for i := range cfg.Certificates {
		if hello.SupportsCertificate(&cfg.Certificates[i]) == nil {
			return &cfg.Certificates[i], nil
		}
	}
	if len(cfg.Certificates) > 0 {
		return &cfg.Certificates[0], nil
	}
	return nil, nil // package tls says what is wrong
}

// endpoint is a certificate's tls-server-end-point (RFC 5929 section 4.1), nil
// where its signature has no hash to take.
func endpoint(certificate *tls.Certificate) []byte {
	leaf := certificate.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(certificate.Certificate[0]); err != nil {
			return nil
		}
	}
	b, err := scram.NewTLSServerEndpointBinding(&tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}})
	if err != nil {
		return nil
	}
	return b.Data
}

package accept

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"

	"github.com/xdg-go/scram"
)

// A Secured connection is one with TLS whose handshake is over. What is written
// and read by it is what the handshake protects.
type Secured struct {
	*tls.Conn
	endpoint []byte // see markedConn
}

// Secure puts TLS on the server's side of a connection and shakes hands. cfg is
// from MarkEndpoints.
func Secure(ctx context.Context, conn net.Conn, cfg *tls.Config, timeout time.Duration) (*Secured, error) {
	marked := &markedConn{Conn: conn}
	secured := tls.Server(marked, cfg)
	_ = secured.SetDeadline(time.Now().Add(timeout))
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return &Secured{secured, marked.endpoint}, nil
}

// Bindings are what SCRAM-SHA-256-PLUS can be bound to, by their names: what
// tells this TLS connection from every other (RFC 9266), and our certificate (RFC
// 5929), which is all that clients behind some proxies and TLS libraries can name.
func (s *Secured) Bindings() map[string][]byte {
	bindings := map[string][]byte{}
	state := s.ConnectionState()
	// Fails where TLS 1.2 could be made to agree on the same keys twice.
	if b, err := scram.NewTLSExporterBinding(&state); err == nil {
		bindings[string(b.Type)] = b.Data
	}
	if s.endpoint != nil {
		bindings[string(scram.ChannelBindingTLSServerEndpoint)] = s.endpoint
	}
	return bindings
}

// A markedConn is a connection that learns which of our certificates its TLS
// handshake has shown, which package tls does not tell a server.
type markedConn struct {
	net.Conn
	endpoint []byte // hash of the certificate; nil: none was shown, as in a resumed session
}

// MarkEndpoints makes the handshakes of Secure tell which certificate they have
// shown; nil stays nil.
func MarkEndpoints(cfg *tls.Config) *tls.Config {
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

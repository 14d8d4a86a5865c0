package appliance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// Apple's systems refuse server certificates that are valid for longer than 825
// days, also those that somebody trusted by hand.
const (
	certificateLife  = 820 * 24 * time.Hour
	certificateRenew = 30 * 24 * time.Hour // before it ends
)

// Certificates gives the servers the certificate that is current. It makes and
// renews a self-signed one in its folder; servers ask by Config for each
// connection and never notice.
type Certificates struct {
	dir      string
	hostname string
	now      func() time.Time
	current  atomic.Pointer[tls.Certificate]
}

// openCertificates loads the certificate in dir, or makes one when there is
// none that fits.
func openCertificates(dir, hostname string, now func() time.Time) (*Certificates, error) {
	c := &Certificates{dir: dir, hostname: hostname, now: now}
	return c, c.renew()
}

// Config is for all servers. TLS 1.2 is the least (RFC 8997).
func (c *Certificates) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current.Load(), nil
		},
	}
}

// Fingerprint is the SHA-256 of the certificate as mail clients show it.
func (c *Certificates) Fingerprint() string {
	sum := sha256.Sum256(c.current.Load().Certificate[0])
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// renew makes a new certificate when the one in the folder is missing, is for
// another host name, or ends soon. The key stays, where there is one.
func (c *Certificates) renew() error {
	pair, err := tls.LoadX509KeyPair(c.path("certificate.pem"), c.path("key.pem"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("load the certificate: %w; move %s aside to have a new one made", err, c.dir)
	}
	if err != nil || !c.fits(pair.Leaf) {
		if pair, err = c.make(); err != nil {
			return fmt.Errorf("make a certificate: %w", err)
		}
	}
	c.current.Store(&pair)
	return nil
}

func (c *Certificates) fits(leaf *x509.Certificate) bool {
	return leaf.VerifyHostname(c.hostname) == nil && c.now().Before(leaf.NotAfter.Add(-certificateRenew))
}

func (c *Certificates) path(name string) string { return filepath.Join(c.dir, name) }

// make signs a certificate for the host name and this machine's own names and
// keeps it in the folder.
func (c *Certificates) make() (tls.Certificate, error) {
	key, err := c.key()
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: c.hostname, Organization: []string{"Letterbox"}},
		DNSNames:              []string{c.hostname, "localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:             c.now().Add(-time.Hour), // for clients whose clock is behind
		NotAfter:              c.now().Add(certificateLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := writePEM(c.path("certificate.pem"), "CERTIFICATE", der); err != nil {
		return tls.Certificate{}, err
	}
	return tls.LoadX509KeyPair(c.path("certificate.pem"), c.path("key.pem"))
}

// key reads the key in the folder, or makes one.
func (c *Certificates) key() (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(c.path("key.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return c.makeKey()
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key; move it aside to have a new one made", c.path("key.pem"))
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T; move it aside to have a new key made", c.path("key.pem"), parsed)
	}
	return key, nil
}

func (c *Certificates) makeKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writePEM(c.path("key.pem"), "PRIVATE KEY", der)
}

// writePEM replaces the file as a whole: a crash leaves the old one or the new.
func writePEM(path, kind string, der []byte) error {
	part := path + ".new"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = pem.Encode(f, &pem.Block{Type: kind, Bytes: der})
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(part, path)
}

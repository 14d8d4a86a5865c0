package certificate

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"time"
)

// Apple's systems refuse server certificates that are valid for longer than 825
// days, also those that somebody trusted by hand.
const (
	ownLife  = 820 * 24 * time.Hour
	ownRenew = 30 * 24 * time.Hour // before it ends
)

// signOwn makes a new certificate of this machine's own when the one in the
// folder is missing, is for another host name, or ends soon. The key stays,
// where there is one.
func (k *Keeper) signOwn() error {
	pair, err := tls.LoadX509KeyPair(k.path("certificate.pem"), k.path("key.pem"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("load the certificate: %w; move %s aside to have a new one made", err, k.dir)
	}
	if err != nil || !k.fits(pair.Leaf) {
		if pair, err = k.makeOwn(); err != nil {
			return fmt.Errorf("make a certificate: %w", err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.own = &pair
	k.publish()
	return nil
}

func (k *Keeper) fits(leaf *x509.Certificate) bool {
	return leaf.VerifyHostname(k.hostname) == nil && k.now().Before(leaf.NotAfter.Add(-ownRenew))
}

// makeOwn signs a certificate for the host name and this machine's own names
// and keeps it in the folder.
func (k *Keeper) makeOwn() (tls.Certificate, error) {
	key, err := loadKey(k.path("key.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(k.path("key.pem"))
	}
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := k.signWith(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := writePEM(k.path("certificate.pem"), "CERTIFICATE", der); err != nil {
		return tls.Certificate{}, err
	}
	return tls.LoadX509KeyPair(k.path("certificate.pem"), k.path("key.pem"))
}

func (k *Keeper) signWith(key *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: k.hostname, Organization: []string{"Letterbox"}},
		DNSNames:              unique([]string{k.hostname, "localhost"}),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:             k.now().Add(-time.Hour), // for clients whose clock is behind
		NotAfter:              k.now().Add(ownLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}

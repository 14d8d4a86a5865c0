package certificate

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/crypto/acme"
)

// nextKey is the ending of the file with the key that comes after the present
// one: it is published before it is used, so that a rollover never breaks DANE
// (RFC 7671 section 8.1).
const nextKey = ".next.key"

// TLSA returns the data of the TLSA records to publish for the host name (RFC
// 6698; DANE-EE, public key, SHA-256, as RFC 7672 section 3.1.1 asks): of the
// key in use, and of the one that follows it.
func (k *Keeper) TLSA() ([]string, error) {
	public, ok := k.current.Load().find(k.hostname, k.hostname).Leaf.PublicKey.(crypto.PublicKey)
	if !ok {
		return nil, errors.New("the certificate has no public key")
	}
	current, err := tlsa(public)
	if err != nil || k.issuer == nil {
		return []string{current}, err
	}
	next, err := k.nextKeyOf(k.hostname)
	if err != nil {
		return nil, err
	}
	following, err := tlsa(next.Public())
	return []string{current, following}, err
}

func tlsa(public crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("3 1 1 %x", sha256.Sum256(der)), nil
}

func (k *Keeper) nextKeyOf(name string) (*ecdsa.PrivateKey, error) {
	path := k.issuedPath(name, nextKey)
	key, err := loadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	return key, err
}

// Rotate replaces a name's certificate by one with the key that follows: now
// and then, or when a key is lost. With revoke the old one is taken back (RFC
// 8555 section 7.6). Whoever publishes TLSA records must have had the following
// key's among them for as long as they are cached; afterwards TLSA names the
// next pair.
func (k *Keeper) Rotate(ctx context.Context, name string, revoke bool) error {
	if k.issuer == nil {
		return errors.New("no certificate authority is asked (tls.authority is empty)")
	}
	key, err := k.nextKeyOf(name)
	if err != nil {
		return err
	}
	chain, err := k.issuer.issue(ctx, name, key)
	if err != nil {
		return fmt.Errorf("%s: %w", Explain(name, err), err)
	}
	old, err := k.replace(name, chain, key)
	if err != nil || old == nil || !revoke {
		return err
	}
	err = k.issuer.client.RevokeCert(ctx, old.PrivateKey.(crypto.Signer), old.Certificate[0], acme.CRLReasonKeyCompromise)
	if err != nil {
		return fmt.Errorf("the new certificate is in use; revoking the old one failed: %w", err)
	}
	return nil
}

// replace puts a chain and its key in the place of what is held. A crash
// between the two files leaves a pair that does not fit, which is issued anew.
func (k *Keeper) replace(name string, chain [][]byte, key *ecdsa.PrivateKey) (old *tls.Certificate, err error) {
	cert, err := leafOf(chain, key)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := os.Rename(k.issuedPath(name, nextKey), k.issuedPath(name, ".key")); err != nil {
		return nil, err
	}
	if err := writePEM(k.issuedPath(name, ".pem"), "CERTIFICATE", chain...); err != nil {
		return nil, err
	}
	old = k.held[name]
	k.held[name] = cert
	k.publish()
	k.log.Info("certificate replaced, with a new key", "name", name, "until", cert.Leaf.NotAfter)
	return old, nil
}

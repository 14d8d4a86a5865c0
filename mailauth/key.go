package mailauth

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"letterbox/resolver"
)

// A publicKey is a key record (RFC 6376 section 3.6.1).
type publicKey struct {
	key     crypto.PublicKey // *rsa.PublicKey or ed25519.PublicKey
	testing bool             // t=y: the domain does not mean it yet
	strict  bool             // t=s: no subdomains in i=
}

// lookupKey fetches a signature's key. The result says what an error means.
func (v *Verifier) lookupKey(ctx context.Context, s *signature) (*publicKey, Result, error) {
	texts, err := v.Resolver.LookupTXT(ctx, s.keyName())
	switch {
	case resolver.NotFound(err):
		return nil, PermError, errors.New("there is no key")
	case err != nil:
		return nil, TempError, errors.New("the key cannot be asked for now")
	case len(texts) > 1:
		return nil, PermError, errors.New("there are several keys") // RFC 6376 section 3.6.2.2
	}
	key, err := parseKey(texts[0])
	if err != nil {
		return nil, PermError, err
	}
	return key, Pass, nil
}

func parseKey(record string) (*publicKey, error) {
	t, err := parseTags(record)
	if err != nil {
		return nil, fmt.Errorf("the key is unreadable: %w", err)
	}
	if version, set := t["v"]; set && version != "DKIM1" {
		return nil, errors.New("the key is of another version")
	}
	if t.tight("p") == "" {
		return nil, errors.New("the key was revoked")
	}
	if h := t.list("h"); h != nil && !slices.Contains(h, "sha256") {
		return nil, errors.New("the key is for other hashes")
	}
	if s := t.list("s"); s != nil && !slices.Contains(s, "*") && !slices.Contains(s, "email") {
		return nil, errors.New("the key is not for mail")
	}
	der, err := base64.StdEncoding.DecodeString(t.tight("p"))
	if err != nil {
		return nil, errors.New("the key is not base64")
	}
	flags := t.list("t")
	key := &publicKey{testing: slices.Contains(flags, "y"), strict: slices.Contains(flags, "s")}
	key.key, err = decodeKey(t.tight("k"), der)
	return key, err
}

func decodeKey(kind string, der []byte) (crypto.PublicKey, error) {
	switch kind {
	case "", "rsa":
		return decodeRSA(der)
	case "ed25519": // RFC 8463 section 4.2: the bare key
		if len(der) != ed25519.PublicKeySize {
			return nil, errors.New("the key has a wrong length")
		}
		return ed25519.PublicKey(der), nil
	}
	return nil, errors.New("the key is of an unknown kind")
}

// decodeRSA takes SubjectPublicKeyInfo and RSAPublicKey (erratum 3017 of RFC
// 6376). Keys below 1024 bits count for nothing (RFC 8301 section 3.2), and those
// of more than 4096 are not worth the time that they take.
func decodeRSA(der []byte) (crypto.PublicKey, error) {
	var key *rsa.PublicKey
	if parsed, err := x509.ParsePKIXPublicKey(der); err == nil {
		key, _ = parsed.(*rsa.PublicKey)
	} else {
		key, _ = x509.ParsePKCS1PublicKey(der)
	}
	if key == nil {
		return nil, errors.New("the key is no RSA key")
	}
	if bits := key.N.BitLen(); bits < 1024 || bits > 4096 {
		return nil, fmt.Errorf("an RSA key of %d bits does not count", bits)
	}
	return key, nil
}

// verify reports whether b is the key's signature of the hash.
func (k *publicKey) verify(algorithm string, hash, b []byte) error {
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		if !strings.HasPrefix(algorithm, "rsa-") {
			return errors.New("the key is of another kind")
		}
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, hash, b)
	case ed25519.PublicKey:
		if !strings.HasPrefix(algorithm, "ed25519-") {
			return errors.New("the key is of another kind")
		}
		if !ed25519.Verify(key, hash, b) {
			return errors.New("it does not verify")
		}
	}
	return nil
}

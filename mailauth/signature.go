package mailauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A signature as DKIM-Signature and ARC-Message-Signature have it; ARC-Seal has
// the half of it that is about no body.
type signature struct {
	tags
	raw              []byte // the field
	algorithm        string // "rsa-sha256", "ed25519-sha256"
	domain, selector string // in lower case
	b                []byte

	// Of a signature over a message:
	header, body string   // canonicalization
	signed       []string // names of fields, in lower case
	bh           []byte
	signedAt     time.Time
	expires      time.Time
}

var errUnsupported = errors.New("its algorithm is not one that counts")

// parseSeal reads the tags that every kind of signature has.
func parseSeal(f field) (*signature, error) {
	t, err := parseTags(f.value())
	if err != nil {
		return nil, err
	}
	s := &signature{
		tags:      t,
		raw:       f.raw,
		algorithm: strings.ToLower(t.tight("a")),
		domain:    strings.ToLower(t.tight("d")),
		selector:  strings.ToLower(t.tight("s")),
	}
	if s.domain == "" || s.selector == "" {
		return s, errors.New("it names no key")
	}
	if s.b, err = t.base64("b"); err != nil {
		return s, err
	}
	switch s.algorithm {
	case "rsa-sha256", "ed25519-sha256":
		return s, nil
	}
	return s, errUnsupported // rsa-sha1 among them: RFC 8301 section 3.1
}

// parseSignature reads a signature over a message.
func parseSignature(f field) (s *signature, err error) {
	if s, err = parseSeal(f); err != nil {
		return s, err
	}
	s.header, s.body = canonicalization(s.tight("c"))
	if !isCanonicalization(s.header) || !isCanonicalization(s.body) {
		return s, errors.New("its canonicalization is unknown")
	}
	for _, name := range s.list("h") {
		s.signed = append(s.signed, strings.ToLower(name))
	}
	if len(s.signed) == 0 || len(s.signed) > maxSigned {
		return s, errors.New("its h= names no fields or too many")
	}
	if s.bh, err = s.base64("bh"); err != nil {
		return s, err
	}
	if s.signedAt, err = s.time("t"); err != nil {
		return s, err
	}
	s.expires, err = s.time("x")
	return s, err
}

func canonicalization(c string) (header, body string) {
	header, body, _ = strings.Cut(c, "/")
	if header == "" {
		header = simple
	}
	if body == "" {
		body = simple
	}
	return header, body
}

func isCanonicalization(c string) bool { return c == simple || c == relaxed }

// bodyMatches reports whether the body is the one that was signed.
func (s *signature) bodyMatches(m mail) bool {
	return subtle.ConstantTimeCompare(s.bodyHash(m), s.bh) == 1
}

func (s *signature) bodyHash(m mail) []byte {
	h := sha256.New()
	hashBody(h, s.body, m.body)
	return h.Sum(nil)
}

// headerHash is what is signed: the named fields and the signature's own, of
// which b= is empty (RFC 6376 section 3.7).
func (s *signature) headerHash(m mail) []byte {
	h := sha256.New()
	for _, f := range m.pick(s.signed) {
		h.Write(canonicalField(s.header, f.raw))
	}
	own := canonicalField(s.header, withoutSignature(s.raw))
	h.Write([]byte(strings.TrimRight(string(own), "\r\n")))
	return h.Sum(nil)
}

// keyName is where the key is published.
func (s *signature) keyName() string {
	return fmt.Sprintf("%s._domainkey.%s", s.selector, s.domain)
}

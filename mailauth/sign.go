package mailauth

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Key signs for a domain under a selector.
type Key struct {
	Domain, Selector string
	Private          crypto.Signer // *rsa.PrivateKey or ed25519.PrivateKey
}

// signedFields are those that make a message what it is (RFC 6376 section
// 5.4.1). Those marked true are named once more than they are there, so that
// nobody can add a second one unnoticed.
var signedFields = []struct {
	name  string
	seals bool
}{
	{"from", true}, {"to", true}, {"cc", true}, {"subject", true}, {"date", true},
	{"message-id", true}, {"reply-to", true}, {"in-reply-to", false}, {"references", false},
	{"mime-version", true}, {"content-type", true}, {"content-transfer-encoding", true},
	{"list-id", false}, {"list-unsubscribe", false}, {"list-unsubscribe-post", false},
	{"auto-submitted", false},
}

func namesToSign(m mail) []string {
	var names []string
	for _, f := range signedFields {
		n := len(m.all(f.name))
		if f.seals {
			n++
		}
		for range n {
			names = append(names, f.name)
		}
	}
	return names
}

// Sign returns a DKIM-Signature field for each key, to stand before the message.
func Sign(raw []byte, keys []Key, now time.Time) ([]byte, error) {
	m := split(raw)
	if m.tooBig {
		return nil, errors.New("sign message: its header is too long")
	}
	var out []byte
	for _, key := range keys {
		s := &signature{header: relaxed, body: relaxed, signed: namesToSign(m)}
		start := fmt.Sprintf("DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s; t=%d;",
			key.algorithm(), key.Domain, key.Selector, now.Unix())
		field, err := s.sign(m, start, key)
		if err != nil {
			return nil, fmt.Errorf("sign for %s: %w", key.Domain, err)
		}
		out = append(out, field...)
	}
	return out, nil
}

// sign completes the field of a signature over a message, which begins with start.
func (s *signature) sign(m mail, start string, key Key) ([]byte, error) {
	hash := base64.StdEncoding.EncodeToString(s.bodyHash(m))
	s.raw = fmt.Appendf(nil, "%s\r\n\th=%s;\r\n\tbh=%s;\r\n\tb=\r\n", start, foldNames(s.signed), hash)
	return key.complete(s.raw, s.headerHash(m))
}

// complete puts the signature of a hash behind the "b=" at the end of a field.
func (k Key) complete(raw, hash []byte) ([]byte, error) {
	options := crypto.SignerOpts(crypto.SHA256)
	if _, ok := k.Private.Public().(ed25519.PublicKey); ok {
		options = crypto.Hash(0) // RFC 8463 section 3: the hash itself is signed
	}
	b, err := k.Private.Sign(rand.Reader, hash, options)
	if err != nil {
		return nil, err
	}
	out := raw[:len(raw)-len(crlf)]
	text := base64.StdEncoding.EncodeToString(b)
	for part := range slices.Chunk([]byte(text), 70) {
		out = append(append(out, part...), "\r\n\t"...)
	}
	return append(out[:len(out)-len("\r\n\t")], crlf...), nil
}

// algorithm is the a= of what the key makes.
func (k Key) algorithm() string {
	if _, ok := k.Private.Public().(*rsa.PublicKey); ok {
		return "rsa-sha256"
	}
	return "ed25519-sha256"
}

// foldNames writes an h= list in lines of moderate length.
func foldNames(names []string) string {
	var b strings.Builder
	column := 0
	for i, name := range names {
		if i > 0 {
			b.WriteByte(':')
			column++
		}
		if column+len(name) > 65 {
			b.WriteString("\r\n\t ")
			column = 0
		}
		b.WriteString(name)
		column += len(name)
	}
	return b.String()
}

package mailauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// DKIM says what one signature is worth.
type DKIM struct {
	Result     Result
	Domain     string // d=
	Selector   string
	Identifier string // i=
	Algorithm  string
	Signature  string // the first characters of b=, to tell several apart
	Reason     string
}

func (v *Verifier) dkim(ctx context.Context, m mail) []DKIM {
	signatures := m.all("dkim-signature")
	if m.tooBig {
		return []DKIM{{Result: PermError, Reason: "the header is too long to be checked"}}
	}
	out := make([]DKIM, min(len(signatures), maxSignatures))
	var group errgroup.Group
	for i := range out {
		group.Go(func() error { out[i] = v.checkSignature(ctx, m, signatures[i]); return nil })
	}
	_ = group.Wait()
	return out
}

// checkSignature judges one signature (RFC 6376 section 6.1). A key is asked for
// only where everything else is in order.
func (v *Verifier) checkSignature(ctx context.Context, m mail, f field) DKIM {
	s, err := parseSignature(f)
	if s == nil {
		return DKIM{Result: PermError, Reason: err.Error()}
	}
	out := describe(s)
	if err == nil {
		err = v.acceptable(s)
	}
	if err != nil {
		out.Result, out.Reason = PermError, err.Error()
		return out
	}
	if !s.bodyMatches(m) {
		out.Result, out.Reason = Fail, "the body was changed"
		return out
	}
	key, result, err := v.lookupKey(ctx, s)
	if err == nil {
		result, err = s.judge(m, key)
	}
	if out.Result = result; err != nil {
		out.Reason = err.Error()
	}
	return out
}

func describe(s *signature) DKIM {
	b := s.tight("b")
	out := DKIM{
		Domain: s.domain, Selector: s.selector, Algorithm: s.algorithm,
		Identifier: s.tight("i"), Signature: b[:min(8, len(b))],
	}
	if out.Identifier == "" {
		out.Identifier = "@" + s.domain
	}
	return out
}

// acceptable checks what can be checked without the key.
func (v *Verifier) acceptable(s *signature) error {
	switch {
	case s.tags["v"] != "1":
		return errors.New("it is of another version")
	case !slices.Contains(s.signed, "from"):
		return errors.New("it does not sign From")
	case !withinDomain(domainOf(s.identifier()), s.domain):
		return errors.New("its i= is of another domain")
	case !s.expires.IsZero() && v.now().After(s.expires):
		return fmt.Errorf("it expired on %s", s.expires.UTC().Format("2 January 2006"))
	}
	if _, partial := s.tags["l"]; partial {
		// RFC 6376 section 8.2: anybody may add to such a body.
		return errors.New("it signs only a part of the body")
	}
	return nil
}

func (s *signature) identifier() string {
	if i := s.tight("i"); i != "" {
		return i
	}
	return "@" + s.domain
}

// withinDomain reports whether name is the domain or below it.
func withinDomain(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// judge checks a signature whose body is right against its key.
func (s *signature) judge(m mail, key *publicKey) (Result, error) {
	if key.strict && domainOf(s.identifier()) != s.domain {
		return PermError, errors.New("the key is for no subdomains")
	}
	if err := key.verify(s.algorithm, s.headerHash(m), s.b); err != nil {
		if key.testing {
			return Neutral, errors.New("it does not verify, and the domain is testing")
		}
		return Fail, errors.New("it does not verify")
	}
	return Pass, nil
}

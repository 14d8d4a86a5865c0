package mailauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// ARC says whether those who forwarded a message vouch for it without a gap.
type ARC struct {
	Result  Result // none: nobody did
	Sets    int
	Sealers []string // their domains, the last one first
	Results string   // what the last one saw: its ARC-Authentication-Results
	Reason  string

	sets []arcSet // for sealing on
}

// An arcSet is what one of them added.
type arcSet struct {
	results, message, seal field
}

// fields are those of a set in the order in which seals cover them.
func (s arcSet) fields() []field { return []field{s.results, s.message, s.seal} }

// arc validates the chain (RFC 8617 section 5.2).
func (v *Verifier) arc(ctx context.Context, m mail) ARC {
	sets, err := arcSets(m)
	if err == nil && len(sets) == 0 {
		return ARC{Result: None}
	}
	out := ARC{Result: Fail, Sets: len(sets), sets: sets}
	if err == nil {
		err = v.checkChain(ctx, m, sets, &out)
	}
	switch {
	case err == nil:
		out.Result = Pass
	case ctx.Err() != nil, errors.Is(err, errArcLater):
		out.Result, out.Reason = TempError, err.Error()
	default:
		out.Reason = err.Error()
	}
	return out
}

var errArcLater = errors.New("a key cannot be asked for now")

// arcSets collects the sets, in order of their instance.
func arcSets(m mail) ([]arcSet, error) {
	if m.tooBig {
		return nil, errors.New("the header is too long to be checked")
	}
	var sets []arcSet
	for _, kind := range []struct {
		name string
		in   func(*arcSet) *field
	}{
		{"arc-authentication-results", func(s *arcSet) *field { return &s.results }},
		{"arc-message-signature", func(s *arcSet) *field { return &s.message }},
		{"arc-seal", func(s *arcSet) *field { return &s.seal }},
	} {
		for _, f := range m.all(kind.name) {
			i, err := instance(f)
			if err != nil {
				return nil, err
			}
			for len(sets) < i {
				sets = append(sets, arcSet{})
			}
			if kind.in(&sets[i-1]).raw != nil {
				return nil, fmt.Errorf("instance %d has two %s", i, kind.name)
			}
			*kind.in(&sets[i-1]) = f
		}
	}
	for i, s := range sets {
		if slices.ContainsFunc(s.fields(), func(f field) bool { return f.raw == nil }) {
			return nil, fmt.Errorf("instance %d is not complete", i+1)
		}
	}
	return sets, nil
}

// instance is the i= of a field; in ARC-Authentication-Results it stands before
// the first semicolon.
func instance(f field) (int, error) {
	for part := range strings.SplitSeq(f.value(), ";") {
		name, value, found := strings.Cut(part, "=")
		if !found || strings.TrimFunc(name, isSpace) != "i" {
			continue
		}
		i, err := strconv.Atoi(strings.TrimFunc(value, isSpace))
		if err != nil || i < 1 || i > maxSets {
			break
		}
		return i, nil
	}
	return 0, fmt.Errorf("%s has no instance from 1 to %d", f.name, maxSets)
}

// checkChain checks the last message signature and every seal.
func (v *Verifier) checkChain(ctx context.Context, m mail, sets []arcSet, out *ARC) error {
	seals := make([]*signature, len(sets))
	for i, set := range sets {
		seal, err := parseSeal(set.seal)
		if err != nil {
			return fmt.Errorf("seal %d: %w", i+1, err)
		}
		if _, has := seal.tags["h"]; has { // RFC 8617 section 4.1.3
			return fmt.Errorf("seal %d names fields", i+1)
		}
		want := "pass"
		if i == 0 {
			want = "none"
		}
		if cv := strings.ToLower(seal.tight("cv")); cv != want {
			return fmt.Errorf("seal %d says %q", i+1, cv)
		}
		seals[i] = seal
		out.Sealers = slices.Insert(out.Sealers, 0, seal.domain)
	}
	out.Results = sets[len(sets)-1].results.value()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	group.Go(func() error { return v.checkMessageSignature(ctx, m, sets[len(sets)-1].message) })
	for i, seal := range seals {
		group.Go(func() error { return v.checkSeal(ctx, seal, sets[:i+1]) })
	}
	return group.Wait()
}

func (v *Verifier) checkMessageSignature(ctx context.Context, m mail, f field) error {
	s, err := parseSignature(f)
	if err != nil {
		return fmt.Errorf("last message signature: %w", err)
	}
	if slices.Contains(s.signed, "arc-seal") { // RFC 8617 section 4.1.2
		return errors.New("last message signature: it covers a seal")
	}
	if !s.bodyMatches(m) {
		return errors.New("last message signature: the body was changed")
	}
	return v.verifyArc(ctx, "last message signature", s, s.headerHash(m))
}

func (v *Verifier) checkSeal(ctx context.Context, seal *signature, upTo []arcSet) error {
	return v.verifyArc(ctx, fmt.Sprintf("seal %d", len(upTo)), seal, sealHash(upTo))
}

func (v *Verifier) verifyArc(ctx context.Context, what string, s *signature, hash []byte) error {
	key, result, err := v.lookupKey(ctx, s)
	if result == TempError {
		return fmt.Errorf("%s: %w", what, errArcLater)
	}
	if err == nil {
		err = key.verify(s.algorithm, hash, s.b)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// sealHash is what the seal of the last set signs: all sets, its own b= empty
// (RFC 8617 section 5.1.1).
func sealHash(sets []arcSet) []byte {
	h := sha256.New()
	for i, set := range sets {
		for _, f := range []field{set.results, set.message} {
			h.Write(canonicalField(relaxed, f.raw))
		}
		if i < len(sets)-1 {
			h.Write(canonicalField(relaxed, set.seal.raw))
			continue
		}
		own := canonicalField(relaxed, withoutSignature(set.seal.raw))
		h.Write(own[:len(own)-len(crlf)])
	}
	return h.Sum(nil)
}

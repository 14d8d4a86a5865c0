package mailauth

import (
	"fmt"
	"slices"
	"time"
)

// Seal returns the ARC set (RFC 8617 section 5.1) that says in the name of the
// key's domain what was found when the message came in, to stand before a
// message that is passed on. It returns nothing for a chain that had failed
// before: there is nothing more to be said.
func Seal(raw []byte, key Key, authserv string, found *Verdict, now time.Time) ([]byte, error) {
	m := split(raw)
	cv := "none"
	switch {
	case m.tooBig || found.ARC.Result == Fail || found.ARC.Result == TempError || len(found.ARC.sets) == maxSets:
		return nil, nil
	case found.ARC.Result == Pass:
		cv = "pass"
	}
	i := len(found.ARC.sets) + 1
	set := arcSet{results: field{raw: fmt.Appendf(nil, "ARC-Authentication-Results: i=%d; %s", i, found.results(authserv))}}
	var err error
	s := &signature{header: relaxed, body: relaxed, signed: namesToSign(m)}
	for range m.all("dkim-signature") { // RFC 8617 section 5.1: it may prove useful
		s.signed = append(s.signed, "dkim-signature")
	}
	start := fmt.Sprintf("ARC-Message-Signature: i=%d; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s; t=%d;",
		i, key.algorithm(), key.Domain, key.Selector, now.Unix())
	if set.message.raw, err = s.sign(m, start, key); err != nil {
		return nil, fmt.Errorf("seal for %s: %w", key.Domain, err)
	}
	set.seal.raw = fmt.Appendf(nil, "ARC-Seal: i=%d; a=%s; cv=%s;\r\n\td=%s; s=%s; t=%d;\r\n\tb=\r\n",
		i, key.algorithm(), cv, key.Domain, key.Selector, now.Unix())
	hash := sealHash(append(slices.Clone(found.ARC.sets), set))
	if set.seal.raw, err = key.complete(set.seal.raw, hash); err != nil {
		return nil, fmt.Errorf("seal for %s: %w", key.Domain, err)
	}
	return slices.Concat(set.seal.raw, set.message.raw, set.results.raw), nil
}

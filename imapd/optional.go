package imapd

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"letterbox/directory"
)

// What is offered can be changed, for the server and for each user: a capability
// withheld where a client chokes on it, and those offered that are not by
// default, since some client uses them and comes to harm (RFC 9586), or since
// they limit what clients may do (RFC 9738). A user's settings go before the
// server's.

// optional are the capabilities that are not offered by default; those with "="
// have a number.
func optional() []string { return []string{"UIDONLY", "UIDBATCHES", "MESSAGELIMIT=", "SAVELIMIT="} }

// CheckOffered says what is wrong with a word of Config.Offered, or of a user's
// directory.Capabilities.
func CheckOffered(word string) error {
	name, number, hasNumber := strings.Cut(strings.ToUpper(word), "=")
	if hasNumber {
		name += "="
		if n, err := strconv.ParseUint(number, 10, 31); err != nil || n == 0 {
			return fmt.Errorf("%q needs a number above 0, as in %s1000", word, name)
		}
	}
	if !slices.Contains(optional(), name) {
		return fmt.Errorf("%q is none of the capabilities that can be offered: UIDONLY, UIDBATCHES, MESSAGELIMIT=N and SAVELIMIT=N", word)
	}
	return nil
}

// learnCapabilities finds out, at sign-in, what this user's clients are offered.
func (s *session) learnCapabilities(ctx context.Context) error {
	own, err := s.srv.cfg.Directory.Capabilities(ctx, s.user.ID)
	s.offer = newOffer(s.srv.cfg, own)
	return err
}

// An offer is what differs from the capabilities that everybody is offered.
type offer struct {
	withheld, added []string // in capitals
	messageLimit    int      // messages that one command may be about (RFC 9738); 0: any number
	saveLimit       int      // likewise, for COPY and APPEND alone
}

func newOffer(cfg Config, own directory.Capabilities) offer {
	o := offer{withheld: upper(own.Withheld)}
	for _, word := range upper(cfg.Withheld) {
		if !slices.Contains(upper(own.Offered), word) {
			o.withheld = append(o.withheld, word)
		}
	}
	// The user's come first, so that of two limits theirs counts.
	for _, word := range upper(slices.Concat(own.Offered, cfg.Offered)) {
		name, number, _ := strings.Cut(word, "=")
		taken := slices.ContainsFunc(o.added, func(other string) bool { return other == name || strings.HasPrefix(other, name+"=") })
		if taken || CheckOffered(word) != nil || slices.Contains(o.withheld, word) || slices.Contains(o.withheld, name) {
			continue
		}
		o.added = append(o.added, word)
		n, _ := strconv.Atoi(number)
		switch name {
		case "MESSAGELIMIT":
			o.messageLimit = n
		case "SAVELIMIT":
			o.saveLimit = n
		}
	}
	return o
}

func upper(words []string) []string {
	capitals := make([]string, len(words))
	for i, w := range words {
		capitals[i] = strings.ToUpper(w)
	}
	return capitals
}

// without takes out of a list of capabilities what is withheld.
func (o offer) without(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return o.withholds(strings.ToUpper(name)) })
}

// withholds reports whether the capability, in capitals, is withheld: ENABLE
// passes over it then.
func (o offer) withholds(name string) bool { return slices.Contains(o.withheld, name) }

// has reports whether an optional capability is offered.
func (o offer) has(name string) bool { return slices.Contains(o.added, name) }

package store

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Delimiter between the levels of a mailbox name.
const Delimiter = '/'

const (
	inbox         = "INBOX"
	maxLevelBytes = 255
	maxLevels     = 100
)

// ValidName brings a name to its stored form or fails with an ErrBadName that
// says why. The stored form is NFC (RFC 9051 section 5.1), so that names that
// differ only by Unicode form are equal; INBOX as the first level is in
// capitals; one trailing delimiter, with which some clients say that they mean
// to create more below, is taken off. Names are no files here: "." and ".." are
// names like others.
func ValidName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("%w: it is not UTF-8", ErrBadName)
	}
	name = strings.TrimSuffix(norm.NFC.String(name), string(Delimiter))
	levels := strings.Split(name, string(Delimiter))
	if len(levels) > maxLevels {
		return "", fmt.Errorf("%w: it has more than %d levels", ErrBadName, maxLevels)
	}
	for _, level := range levels {
		if err := validLevel(level); err != nil {
			return "", err
		}
	}
	if strings.EqualFold(levels[0], inbox) {
		levels[0] = inbox
	}
	return strings.Join(levels, string(Delimiter)), nil
}

func validLevel(level string) error {
	switch {
	case level == "":
		return fmt.Errorf("%w: a level of it is empty", ErrBadName)
	case len(level) > maxLevelBytes:
		return fmt.Errorf("%w: a level of it is longer than %d bytes", ErrBadName, maxLevelBytes)
	case strings.ContainsAny(level, "*%"):
		// RFC 9051 section 6.3.9: LIST could not ask for such a name alone.
		return fmt.Errorf("%w: it contains '*' or '%%'", ErrBadName)
	case strings.ContainsFunc(level, forbidden):
		return fmt.Errorf("%w: it contains a control character", ErrBadName)
	}
	return nil
}

// forbidden are the characters that Net-Unicode (RFC 5198 section 2) has no
// place for in a line: controls, line and paragraph separators.
func forbidden(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// parents returns the names above name, outermost first.
func parents(name string) []string {
	var above []string
	for i, r := range name {
		if r == Delimiter {
			above = append(above, name[:i])
		}
	}
	return above
}

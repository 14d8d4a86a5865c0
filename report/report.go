// Package report knows the reports that mail servers write to each other: how mail
// in a domain's name arrived (DMARC aggregate reports, RFC 7489 section 7.2 and
// appendix C) and how encryption to its servers went (TLS-RPT, RFC 8460).
//
// It writes them, puts them into a mail, and reads those of others, whatever they
// are packed in. Strangers write what is read here: how much is unpacked, how many
// lines of a report count and how long a text may be is bounded, and a text that is
// read has nothing in it that could harm a log or a page.
//
// Everything here is a pure function and safe for concurrent use.
package report

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on what is read.
const (
	maxPlain   = 10 << 20 // bytes of a report, unpacked: what most servers take, says RFC 8460 section 5.2
	maxRecords = 10_000   // lines of a report; those after them are passed over
	maxText    = 255      // bytes of a text in it
	maxParts   = 10       // parts of a mail in which a report is looked for
	maxCount   = 1 << 40  // messages or sessions of one line
)

// Errors of Open.
var (
	ErrNone     = errors.New("there is no DMARC or TLS report in it")
	ErrTooLarge = errors.New("the report is too large")
)

// plain makes a text that a stranger wrote fit to be kept and shown: short, UTF-8,
// on one line.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r) && r != ' ':
			return -1 // marks that turn the direction of writing, and the like
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	for len(s) > maxText {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// name is a domain as it is compared: lower case, without the dot at its end.
func name(s string) string { return strings.ToLower(strings.TrimSuffix(plain(s), ".")) }

package store

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// Flags is a set of flags of one mailbox: system flags in the low bits, the
// mailbox's keywords from bit 8. A View translates.
type Flags uint64

const (
	Seen Flags = 1 << iota
	Answered
	Flagged
	Deleted
	Draft
)

// FirstKeyword is the bit of a mailbox's first keyword, MaxKeywords how many fit.
const (
	FirstKeyword = 8
	MaxKeywords  = 64 - FirstKeyword
)

const systemFlags Flags = 1<<FirstKeyword - 1

// systemFlag returns the bit of a flag that every mailbox has, 0 for a keyword.
// Flags are compared without case.
func systemFlag(name imap.Flag) Flags {
	switch {
	case len(name) == 0 || name[0] != '\\':
		return 0
	case equal(name, imap.FlagSeen):
		return Seen
	case equal(name, imap.FlagAnswered):
		return Answered
	case equal(name, imap.FlagFlagged):
		return Flagged
	case equal(name, imap.FlagDeleted):
		return Deleted
	case equal(name, imap.FlagDraft):
		return Draft
	}
	return 0
}

func equal(a, b imap.Flag) bool { return strings.EqualFold(string(a), string(b)) }

// isKeyword tells keywords from system flags, \Recent and others that are not
// kept.
func isKeyword(name imap.Flag) bool { return name != "" && name[0] != '\\' }

// A vocabulary is the keywords of a mailbox, by bit. It only grows, and a slice
// of it never changes.
type vocabulary []imap.Flag

// bit returns the bit of a keyword, 0 when it is none.
func (v vocabulary) bit(name imap.Flag) Flags {
	i := slices.IndexFunc(v, func(k imap.Flag) bool { return equal(k, name) })
	if i < 0 {
		return 0
	}
	return 1 << (FirstKeyword + i)
}

// set turns names into a set; ok is false when a keyword is unknown.
func (v vocabulary) set(names []imap.Flag) (f Flags, ok bool) {
	ok = true
	for _, name := range names {
		if !isKeyword(name) {
			f |= systemFlag(name)
			continue
		}
		bit := v.bit(name)
		ok = ok && bit != 0
		f |= bit
	}
	return f, ok
}

// names turns a set into names, system flags first.
func (v vocabulary) names(f Flags) []imap.Flag {
	names := make([]imap.Flag, 0, bits.OnesCount64(uint64(f)))
	for i, name := range systemNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	for rest := uint64(f &^ systemFlags); rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest) - FirstKeyword; i < len(v) {
			names = append(names, v[i])
		}
	}
	return names
}

// systemNames are the system flags by bit.
var systemNames = [...]imap.Flag{imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagDraft}

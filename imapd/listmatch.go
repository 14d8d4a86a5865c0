package imapd

import (
	"strings"

	"golang.org/x/text/unicode/norm"
	"letterbox/store"
)

// A matcher matches mailbox names against the patterns of a LIST: "*" stands
// for anything, "%" for anything within a level (RFC 9051 section 6.3.9).
type matcher struct{ patterns []string }

func newMatcher(patterns []string) *matcher {
	m := &matcher{}
	for _, p := range patterns {
		m.patterns = append(m.patterns, norm.NFC.String(p)) // as names are kept
	}
	return m
}

// name reports whether any pattern matches.
func (m *matcher) name(name string) bool {
	for _, p := range m.patterns {
		// INBOX is the one name whose case does not matter, also as the first
		// level of a longer name.
		if matches(p, name) || isInbox(name) && matches(inboxPattern(p), name) {
			return true
		}
	}
	return false
}

func isInbox(name string) bool {
	first, _, _ := strings.Cut(name, string(store.Delimiter))
	return first == "INBOX"
}

// inboxPattern puts the first level of a pattern in capitals.
func inboxPattern(p string) string {
	first, rest, deeper := strings.Cut(p, string(store.Delimiter))
	if !deeper {
		return strings.ToUpper(first)
	}
	return strings.ToUpper(first) + string(store.Delimiter) + rest
}

// matches runs the pattern over the name. It takes time proportional to the
// product of both lengths at most, whatever the pattern: at[i] says that the
// name so far can be matched by the first i bytes of the pattern.
func matches(pattern, name string) bool {
	at := make([]bool, len(pattern)+1)
	at[0] = true
	skipWildcards(at, pattern)
	for i := range len(name) {
		before := at[0]
		at[0] = false
		for j := range len(pattern) {
			here := before
			before = at[j+1]
			switch {
			case pattern[j] == '*', pattern[j] == '%' && name[i] != store.Delimiter:
				at[j+1] = before || here
			default:
				at[j+1] = here && pattern[j] == name[i]
			}
		}
		skipWildcards(at, pattern)
	}
	return at[len(pattern)]
}

// skipWildcards lets wildcards match nothing.
func skipWildcards(at []bool, pattern string) {
	for j := range len(pattern) {
		if at[j] && (pattern[j] == '*' || pattern[j] == '%') {
			at[j+1] = true
		}
	}
}

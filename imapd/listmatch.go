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
		m.patterns = append(m.patterns, collapse(norm.NFC.String(p))) // as names are kept
	}
	return m
}

// collapse makes one wildcard of several in a row: with every other byte of a
// pattern standing for itself, a pattern that is much longer than a name cannot
// match it.
func collapse(pattern string) string {
	isPlain := func(r rune) bool { return r != '*' && r != '%' }
	var out strings.Builder
	for len(pattern) > 0 {
		i := strings.IndexAny(pattern, "*%")
		if i < 0 {
			break
		}
		out.WriteString(pattern[:i])
		pattern = pattern[i:]
		if i = strings.IndexFunc(pattern, isPlain); i < 0 {
			i = len(pattern)
		}
		if strings.Contains(pattern[:i], "*") {
			out.WriteByte('*')
		} else {
			out.WriteByte('%')
		}
		pattern = pattern[i:]
	}
	return out.String() + pattern
}

// name reports whether any pattern matches.
func (m *matcher) name(name string) bool {
	fold := 0
	if first, _, _ := strings.Cut(name, string(store.Delimiter)); first == inbox {
		fold = len(inbox)
	}
	for _, p := range m.patterns {
		if len(p) <= 2*len(name)+1 && matches(p, name, fold) {
			return true
		}
	}
	return false
}

// inbox is the one name, also as the first level of a longer one, whose case
// does not matter (RFC 9051 section 5.1).
const inbox = "INBOX"

// matches runs the pattern over the name, whose first fold bytes are in capitals
// and are compared without case. It takes time proportional to the product of
// both lengths at most, whatever the pattern: at[i] says that the name so far
// can be matched by the first i bytes of the pattern.
func matches(pattern, name string, fold int) bool {
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
				at[j+1] = here && (pattern[j] == name[i] || i < fold && capital(pattern[j]) == name[i])
			}
		}
		skipWildcards(at, pattern)
	}
	return at[len(pattern)]
}

func capital(b byte) byte {
	if b >= 'a' && b <= 'z' {
		return b - 'a' + 'A'
	}
	return b
}

// skipWildcards lets wildcards match nothing.
func skipWildcards(at []bool, pattern string) {
	for j := range len(pattern) {
		if at[j] && (pattern[j] == '*' || pattern[j] == '%') {
			at[j+1] = true
		}
	}
}

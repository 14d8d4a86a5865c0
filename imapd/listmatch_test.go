package imapd

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMatcher(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"*", "a/b", true},
		{"%", "a", true},
		{"%", "a/b", false},
		{"%/%", "a/b", true},
		{"%/%", "a", false},
		{"a/%", "a/b", true},
		{"a/%", "a", false},
		{"a*", "a", true},
		{"a*b", "a/x/b", true},
		{"a%b", "a/b", false},
		{"*2", "foo2/bar2", true},
		{"", "", true},
		{"", "a", false},
		{"a", "A", false},
		{"inbox", "INBOX", true},
		{"InB%", "INBOX", true},
		{"inbox/*", "INBOX/a", true},
		{"inbox/A", "INBOX/a", false},
		{"inbox", "inboxes", false},
		{"*inbox", "INBOX/INBOX", false},
		{"Entwu\u0308rfe", "Entw\u00fcrfe", true}, // names are kept in NFC
		{"%ürf%", "Entwürfe", true},
		{strings.Repeat("*a", 500) + "b", strings.Repeat("a", 1000), false}, // backtracking would never end
		{strings.Repeat("%*", 30000) + "a", "a", true},
		{strings.Repeat("%", 30000) + "a", "b/a", false},
		{strings.Repeat("a", 60000), "a", false},
		{"*a*", "a", true},
		{"**", "", true},
	}
	for _, test := range tests {
		if got := newMatcher([]string{test.pattern}).name(test.name); got != test.want {
			t.Errorf("%.40q matches %.40q: %t", test.pattern, test.name, got)
		}
	}
	if m := newMatcher([]string{"a", "b"}); !m.name("b") || m.name("c") {
		t.Error("several patterns are not alternatives")
	}
}

// slowMatches is the definition of the wildcards.
func slowMatches(pattern, name string) bool {
	if pattern == "" {
		return name == ""
	}
	switch pattern[0] {
	case '*', '%':
		if slowMatches(pattern[1:], name) {
			return true
		}
		return name != "" && (pattern[0] == '*' || name[0] != '/') && slowMatches(pattern, name[1:])
	}
	return name != "" && pattern[0] == name[0] && slowMatches(pattern[1:], name[1:])
}

func TestMatchesDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab/*%]{0,8}`).Draw(t, "pattern")
		name := rapid.StringMatching(`[ab/]{0,8}`).Draw(t, "name")
		if got, want := newMatcher([]string{pattern}).name(name), slowMatches(pattern, name); got != want {
			t.Errorf("%q matches %q: %t", pattern, name, got)
		}
	})
}

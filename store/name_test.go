package store

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestValidName(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("a/", 99) + "a"
	for name, want := range map[string]string{
		"INBOX":                  "INBOX",
		"inbox":                  "INBOX",
		"iNbOx/Work":             "INBOX/Work",
		"INBOX/INBOX":            "INBOX/INBOX",
		"INBOX.INBOX":            "INBOX.INBOX", // no delimiter of ours
		"Work/inbox":             "Work/inbox",
		"Trips/":                 "Trips",
		"inbox/":                 "INBOX",
		"Cafe\u0301":             "Café",
		"a & b":                  "a & b",
		"..":                     "..",
		"./x":                    "./x",
		"日本語/メール":                "日本語/メール",
		strings.Repeat("é", 127): strings.Repeat("é", 127),
		deep:                     deep,
	} {
		got, err := ValidName(name)
		if got != want || err != nil {
			t.Errorf("%q became %q, want %q (%v)", name, got, want, err)
		}
	}
	for _, name := range []string{
		"", "/", "//", "/a", "a//b", "a//", "a*", "%", "a\x00b", "a\r\nb", "a\x7f", "a\u0085", "a\u2028b",
		"\xff", strings.Repeat("a", 256), deep + "/a", strings.Repeat("é", 128),
	} {
		if got, err := ValidName(name); !errors.Is(err, ErrBadName) {
			t.Errorf("%q became %q (%v)", name, got, err)
		}
	}
}

// A stored name is its own stored form, or clients could not use it.
func TestValidNameIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name, err := ValidName(rapid.String().Draw(t, "name"))
		if err != nil {
			return
		}
		if again, err := ValidName(name); again != name || err != nil {
			t.Fatalf("%q became %q (%v)", name, again, err)
		}
	})
}

func TestNamesAreSortedAsATree(t *testing.T) {
	t.Parallel()
	sorted := []string{"INBOX", "INBOX/x", "A", "A/b", "A/b/c", "A-b", "B", "INBOXES"}
	for i := range sorted {
		for j := range sorted {
			if got := compareNames(sorted[i], sorted[j]); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%q and %q compare as %d", sorted[i], sorted[j], got)
			}
		}
	}
}

package certificate

import (
	"slices"
	"strings"
)

// Public reports whether an authority could issue a certificate for a name: it
// has two labels, and its last one is not for private use (RFC 6761, RFC 6762,
// RFC 9476, and .internal).
func Public(name string) bool {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	last := labels[len(labels)-1]
	private := []string{"localhost", "local", "example", "test", "invalid", "internal", "alt", "lan", "home", "arpa", "onion"}
	reserved := []string{"example.com", "example.net", "example.org"}
	if len(labels) < 2 || slices.Contains(private, last) || !strings.ContainsFunc(last, isLetter) {
		return false
	}
	return !slices.Contains(reserved, strings.Join(labels[len(labels)-2:], "."))
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' }

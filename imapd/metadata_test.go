package imapd

import (
	"strings"
	"testing"

	"letterbox/store"
)

func TestChooseMetadata(t *testing.T) {
	t.Parallel()
	all := []store.Annotation{
		{Name: "/private/a", Value: []byte("12")}, {Name: "/private/a/b", Value: []byte("1234")},
		{Name: "/private/a/b/c", Value: []byte("")}, {Name: "/private/ab", Value: []byte("x")},
	}
	tests := []struct {
		entries string
		depth   int
		maxSize int64
		want    string // names, with "-" behind those without a value
		longest int64
	}{
		{"/private/a", 0, -1, "/private/a", 0},
		{"/PRIVATE/A /private/a", 0, -1, "/private/a", 0},
		{"/private/a", 1, -1, "/private/a /private/a/b", 0},
		{"/private/a", deepest, -1, "/private/a /private/a/b /private/a/b/c", 0},
		{"/private/a", deepest, 1, "/private/a/b/c", 4},
		{"/private/a", 0, 0, "", 2},
		{"/private/none /private/none", 0, -1, "/private/none-", 0},
		{"/private/none", 1, -1, "", 0},
	}
	for _, test := range tests {
		q := metadataQuery{strings.Fields(test.entries), test.depth, test.maxSize}
		found, longest := q.choose(all)
		var names []string
		for _, a := range found {
			if a.Value == nil {
				a.Name += "-"
			}
			names = append(names, a.Name)
		}
		if got := strings.Join(names, " "); got != test.want || longest != test.longest {
			t.Errorf("%s depth %d up to %d: %s, longest %d", test.entries, test.depth, test.maxSize, got, longest)
		}
	}
}

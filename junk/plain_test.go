package junk

import (
	"hash/fnv"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Numbers are kept in the database, so they stay what they are.
func TestNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a, b := rapid.String().Draw(rt, "a"), rapid.String().Draw(rt, "b")
		h := fnv.New64a()
		_, _ = io.WriteString(h, a+b)
		if sum := h.Sum64(); number(a, b) != uint32(sum^sum>>32) || number(a+b) != number(a, b) {
			rt.Errorf("%q and %q: %d", a, b, number(a, b))
		}
	})
}

// What is quickly seen to be a word is what looking closely finds, and nothing else
// is noted of it.
func TestPlainWords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		chunk := rapid.StringMatching(`[a-z0-9@$.,;:!?'|-]{1,4}|[a-z]{1,30}[.,;:!?]{0,2}`).Draw(rt, "chunk")
		word, ok := plain(chunk)
		if !ok {
			return
		}
		c := &collector{seen: map[uint32]bool{}}
		if closely := c.closely(chunk); !slices.Equal(closely, []string{word}) || len(c.list) > 0 {
			rt.Errorf("%q is %q, and looking closely %q with %v", chunk, word, closely, c.list)
		}
	})
}

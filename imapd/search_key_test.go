package imapd

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/message"
	"letterbox/store"
	"pgregory.net/rapid"
)

// coinKey is a key whose answer is known, at a cost.
type coinKey struct {
	answer bool
	price  cost
}

func (k coinKey) match(c *candidate) verdict {
	if k.price > ofView && c.row == nil {
		return undecided
	}
	return verdictOf(k.answer)
}

func (k coinKey) cost() cost { return k.price }

// drawKey makes a random tree and says what it comes to.
func drawKey(t *rapid.T, depth int) (searchKey, bool) {
	kind := rapid.IntRange(0, 3).Draw(t, "kind")
	if depth == 0 {
		kind = 0
	}
	switch kind {
	case 1:
		key, answer := drawKey(t, depth-1)
		return notKey{key}, !answer
	case 2:
		a, x := drawKey(t, depth-1)
		b, y := drawKey(t, depth-1)
		return newOr(a, b), x || y
	case 3:
		var keys []searchKey
		all := true
		for range rapid.IntRange(1, 3).Draw(t, "keys") {
			key, answer := drawKey(t, depth-1)
			keys, all = append(keys, key), all && answer
		}
		return newAnd(keys), all
	}
	k := coinKey{rapid.Bool().Draw(t, "answer"), cost(rapid.IntRange(0, int(ofText)).Draw(t, "price"))}
	return k, k.answer
}

// A key that is decided by the view alone is decided right, and with a row
// every key is.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key, answer := drawKey(t, 4)
		if v := key.match(&candidate{}); v != undecided && v != verdictOf(answer) {
			t.Errorf("%s: %d by the view alone, but it is %v", show(key), v, answer)
		}
		if v := key.match(&candidate{row: &store.Row{}}); v != verdictOf(answer) {
			t.Errorf("%s: %d, but it is %v", show(key), v, answer)
		}
	})
}

// A message that its flags rule out is not read, wherever the flag key stands.
func TestCheapKeysFirst(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"TEXT x SEEN", "SEEN TEXT x", "NOT (OR BODY x UNSEEN)", "(SUBJECT x FROM y) SEEN"} {
		d := decoderOf(in + "\r\n")
		if v := testParser(d).keys().match(&candidate{}); v != mismatch {
			t.Errorf("%s: %d", in, v)
		}
	}
}

// The finder sees in pieces what there is in the whole.
func TestFinder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("abAßé\u0301ｱ \n")), 1, 6, -1), 1, 20).Draw(t, "words")
		text := strings.Repeat(strings.Join(words, ""), rapid.IntRange(1, 2000).Draw(t, "times"))
		var needles [][]byte
		for range rapid.IntRange(1, 3).Draw(t, "needles") {
			needles = append(needles, message.AppendFold(nil, []byte(rapid.StringOfN(rapid.RuneFrom([]rune("abßéア ")), 0, 5, -1).Draw(t, "needle"))))
		}
		f := newFinder(needles)
		step := rapid.IntRange(1, 70000).Draw(t, "step")
		for chunk := range slices.Chunk([]byte(text), step) {
			if _, err := f.Write(chunk); err != nil {
				break
			}
		}
		_ = f.finish()
		folded := message.AppendFold(nil, []byte(text))
		for i, needle := range needles {
			if want := bytes.Contains(folded, needle); f.found[i] != want {
				t.Errorf("%q: found %v, it is there: %v", needle, f.found[i], want)
			}
		}
	})
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfNDistinct(rapid.Uint32Range(1, 60), 0, 40, rapid.ID).Draw(t, "numbers")
		slices.Sort(all)
		var n numbers
		for _, num := range all {
			n.add(num)
		}
		set := n.uidSet()
		for num := range uint32(62) {
			want := slices.Contains(all, num)
			if got := containsUID(set, imap.UID(num)); got != want {
				t.Errorf("%d in %v: %v", num, set, got)
			}
		}
		if n.count != len(all) || len(all) > 0 && (n.min() != all[0] || n.max() != all[len(all)-1]) {
			t.Errorf("%v: count %d, %d to %d", all, n.count, n.min(), n.max())
		}
		if got := string(n.appendTo(nil)); len(all) > 0 && got != set.String() {
			t.Errorf("%v: %s", all, got)
		}
	})
}

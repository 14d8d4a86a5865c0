package imapd

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"letterbox/message"
	"letterbox/store"
)

// Fuzzy matching (RFC 6203): a text matches if each word of what is looked for
// stands in it, as it is, as a part of a word, or with a slip or two. Keys that
// are not about texts match exactly under FUZZY, too.

// maxScore is the relevancy of a text that has exactly what is looked for.
const maxScore = 100

// A pattern is a folded text that is looked for with slips.
type pattern struct {
	whole []byte
	words []patternWord
}

type patternWord struct {
	text   []byte
	runes  []rune
	slips  int      // that are forgiven
	pieces [][]byte // of which one is in every word that matches
}

// maxPatternWords bounds the work on a long text; so many narrow it down enough.
const maxPatternWords = 20

func newPattern(folded []byte) *pattern {
	p := &pattern{whole: folded}
	for _, text := range bytes.FieldsFunc(folded, isNoWord) {
		w := patternWord{text: text, runes: []rune(string(text))}
		switch n := len(w.runes); {
		case n >= 8:
			w.slips = 2
		case n >= 4:
			w.slips = 1
		}
		w.cut()
		if p.words = append(p.words, w); len(p.words) == maxPatternWords {
			break
		}
	}
	return p
}

// cut makes one piece more than slips are forgiven: each slip spoils one at
// most. The letter behind a cut is in no piece, since it may have changed places
// with the one before.
func (w *patternWord) cut() {
	n := w.slips + 1
	for i := range n {
		first, end := i*len(w.runes)/n, (i+1)*len(w.runes)/n
		if i > 0 {
			first++
		}
		w.pieces = append(w.pieces, []byte(string(w.runes[first:end])))
	}
}

func isNoWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }

// score judges a folded text: 0 does not match, 100 is the best.
func (p *pattern) score(text []byte) uint8 {
	if bytes.Contains(text, p.whole) {
		return maxScore
	}
	if len(p.words) == 0 {
		return 0
	}
	made, most := 0, 0
	for i := range p.words {
		w := &p.words[i]
		slips := w.fewestIn(text)
		if slips > w.slips {
			return 0
		}
		made, most = made+slips, most+w.slips
	}
	return uint8(90 - 60*made/max(most, 1))
}

// fewestIn counts the slips of the word in a text that is the most like it; more
// than are forgiven if there is none like it.
func (w *patternWord) fewestIn(text []byte) int {
	if bytes.Contains(text, w.text) {
		return 0
	}
	fewest := w.slips + 1
	if w.slips == 0 {
		return fewest
	}
	for _, piece := range w.pieces {
		for at := bytes.Index(text, piece); at >= 0; {
			word, end := w.around(text, at)
			if word != nil {
				fewest = min(fewest, slipsBetween(w.runes, word))
			}
			if fewest == 1 {
				return 1
			}
			next := bytes.Index(text[end:], piece)
			if next < 0 {
				break
			}
			at = end + next
		}
	}
	return fewest
}

// around returns the word at a place, nil if it is too long or too short, and
// where to go on.
func (w *patternWord) around(text []byte, at int) (word []rune, end int) {
	most := len(w.runes) + w.slips
	first, n := at, 0
	for first > 0 && n <= most {
		r, size := utf8.DecodeLastRune(text[:first])
		if isNoWord(r) {
			break
		}
		first, n = first-size, n+1
	}
	for end = at; end < len(text) && n <= most; n++ {
		r, size := utf8.DecodeRune(text[end:])
		if isNoWord(r) {
			break
		}
		end += size
	}
	if end = max(end, at+1); n > most || n < len(w.runes)-w.slips {
		return nil, end
	}
	return []rune(string(text[first:end])), end
}

// slipsBetween is the number of letters that are missing, too many, wrong or
// have changed places with their neighbour.
func slipsBetween(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			wrong := last[j-1]
			if a[i-1] != b[j-1] {
				wrong++
			}
			row[j] = min(wrong, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// fuzzyField is fieldKey under FUZZY.
type fuzzyField struct {
	field   fieldKey
	pattern *pattern
}

func (k fuzzyField) match(c *candidate) verdict {
	if c.row == nil {
		return undecided
	}
	found := false
	c.value, found = message.AppendHeaderText(c.value[:0], c.header(k.field), k.field.name)
	if !found {
		return mismatch
	}
	c.folded = message.AppendFold(c.folded[:0], c.value)
	return c.rank(k.pattern.score(c.folded))
}

func (k fuzzyField) cost() cost { return k.field.cost() }

// fuzzyText is textKey under FUZZY.
type fuzzyText struct {
	in      scope
	pattern *pattern
	lookup  lookup
}

func (k fuzzyText) match(c *candidate) verdict {
	switch v := k.lookup.in(c.facts); {
	case v == hit:
		return c.rank(c.facts.Score)
	case v == mismatch:
		return mismatch
	case c.row == nil:
		return undecided
	}
	return c.rank(c.text.score(c.row, k))
}

func (fuzzyText) cost() cost { return ofText }

// rank takes a score into account: the worst of several counts.
func (c *candidate) rank(score uint8) verdict {
	if score == 0 {
		return mismatch
	}
	c.score = min(c.score, score)
	return hit
}

// score judges the text of a message that is not in the search index.
func (t *searchText) score(row *store.Row, k fuzzyText) uint8 {
	if int64(len(t.raw)) < row.Size {
		t.read(row, true)
	}
	if int64(len(t.raw)) < t.prefix+row.Parts.End {
		return 0 // it could not be read
	}
	var text foldedText
	if err := writeScope(&text, t.raw[:t.prefix], t.raw[t.prefix:], row.Parts, k.in); err != nil {
		t.complain(row, err)
	}
	return k.pattern.score(text.folded())
}

// foldedText gathers a text.
type foldedText struct{ bytes.Buffer }

func (f *foldedText) folded() []byte { return message.AppendFold(nil, f.Bytes()) }

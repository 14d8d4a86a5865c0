package imapd

import (
	"bytes"

	"letterbox/store"
)

// lookups are the texts that the search index is asked for: a bit of
// store.Facts for each.
type lookups []store.Needle

// A lookup is one of them, counted from 1; 0 is a text that the index is not
// asked for.
type lookup uint8

// lookupScope is a scope in the words of the store.
var lookupScope = [scopes]store.Scope{wholeText: store.WholeText, bodyText: store.BodyText}

// add takes a folded text up, unless there are too many. One with control
// characters may reach over the end of a field: what lies between fields differs
// between the index and the header.
func (l *lookups) add(text []byte, in store.Scope) lookup {
	if len(*l) == store.MaxNeedles || len(text) == 0 || bytes.ContainsFunc(text, isControl) {
		return 0
	}
	*l = append(*l, store.Needle{Text: text, In: in})
	return lookup(len(*l))
}

// addFuzzy likewise for what is looked for with slips.
func (l *lookups) addFuzzy(p *pattern, in store.Scope) lookup {
	if len(*l) == store.MaxNeedles {
		return 0
	}
	*l = append(*l, store.Needle{In: in, Rank: p.score})
	return lookup(len(*l))
}

func isControl(r rune) bool { return r < ' ' }

// in says what is known.
func (n lookup) in(f store.Facts) verdict {
	if n == 0 {
		return undecided
	}
	switch bit := uint64(1) << (n - 1); {
	case f.Known&bit == 0:
		return undecided
	case f.Has&bit == 0:
		return mismatch
	}
	return hit
}

// inTexts reports whether the index is asked for what is not in headers alone,
// so that its texts are worth reading.
func (l lookups) inTexts() bool {
	for _, n := range l {
		if n.In != store.HeaderText {
			return true
		}
	}
	return false
}

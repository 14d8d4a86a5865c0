package imapd

import (
	"bytes"
	"unicode/utf8"

	"letterbox/message"
)

// A finder looks for folded needles in the text that is written to it, in
// constant memory. Write fails with errEnough once all were found.
type finder struct {
	needles [][]byte
	found   []bool
	missing int

	raw    []byte // text that is not folded yet
	folded []byte // text that is, from where a needle may have begun
	keep   int    // how much of folded a needle may reach back
}

// findPiece is how much text is folded at once.
const findPiece = 32 << 10

func newFinder(needles [][]byte) *finder {
	m := &finder{needles: needles, found: make([]bool, len(needles)), missing: len(needles)}
	for i, n := range needles {
		m.keep = max(m.keep, len(n)-1)
		if len(n) == 0 {
			m.found[i] = true // RFC 9051 section 6.4.4: it is in every text
			m.missing--
		}
	}
	return m
}

func (m *finder) Write(p []byte) (int, error) {
	m.raw = append(m.raw, p...)
	if len(m.raw) >= findPiece {
		// AppendFold wants pieces to end before an ASCII character.
		cut := len(m.raw) - 1
		for cut > 0 && m.raw[cut] >= utf8.RuneSelf {
			cut--
		}
		if cut == 0 && len(m.raw) >= 4*findPiece {
			cut = len(m.raw) // no text is like that
		}
		m.look(cut)
	}
	return len(p), m.state()
}

// finish looks at the rest.
func (m *finder) finish() error {
	m.look(len(m.raw))
	return m.state()
}

func (m *finder) state() error {
	if m.missing == 0 {
		return errEnough
	}
	return nil
}

// look folds the first n bytes and looks for the needles in them.
func (m *finder) look(n int) {
	m.folded = message.AppendFold(m.folded, m.raw[:n])
	m.raw = append(m.raw[:0], m.raw[n:]...)
	for i, needle := range m.needles {
		if !m.found[i] && bytes.Contains(m.folded, needle) {
			m.found[i] = true
			m.missing--
		}
	}
	if done := len(m.folded) - m.keep; done > 0 {
		m.folded = append(m.folded[:0], m.folded[done:]...)
	}
}

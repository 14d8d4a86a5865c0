package imapd

import (
	"bytes"
	"io"
	"slices"
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
	m := &finder{needles: needles, found: make([]bool, len(needles))}
	m.reset()
	return m
}

// reset begins a new text.
func (m *finder) reset() {
	m.raw, m.folded, m.missing = m.raw[:0], m.folded[:0], len(m.needles)
	for i, n := range m.needles {
		m.found[i] = false
		m.keep = max(m.keep, len(n)-1)
		if len(n) == 0 {
			m.found[i] = true // RFC 9051 section 6.4.4: it is in every text
			m.missing--
		}
	}
}

func (m *finder) Write(p []byte) (int, error) {
	m.raw = append(m.raw, p...)
	m.lookAtWhole()
	return len(p), m.state()
}

// ReadFrom makes io.Copy read straight into the finder.
func (m *finder) ReadFrom(r io.Reader) (n int64, err error) {
	for {
		m.raw = slices.Grow(m.raw, bytes.MinRead)
		k, err := r.Read(m.raw[len(m.raw):cap(m.raw)])
		m.raw = m.raw[:len(m.raw)+k]
		n += int64(k)
		m.lookAtWhole()
		switch {
		case err == io.EOF:
			return n, m.state()
		case err != nil:
			return n, err
		case m.state() != nil:
			return n, m.state()
		}
	}
}

// lookAtWhole looks at what has come if it is enough for a piece. AppendFold
// wants pieces to end before an ASCII character.
func (m *finder) lookAtWhole() {
	if len(m.raw) < findPiece {
		return
	}
	cut := len(m.raw) - 1
	for cut > 0 && m.raw[cut] >= utf8.RuneSelf {
		cut--
	}
	if cut == 0 && len(m.raw) >= 4*findPiece {
		cut = len(m.raw) // no text is like that
	}
	m.look(cut)
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

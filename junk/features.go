package junk

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"letterbox/message"
)

// Limits on what one message can make us do.
const (
	maxText     = 256 << 10 // bytes of decoded text that are looked at
	maxHeader   = 64 << 10  // bytes of a header, likewise
	maxFeatures = 1200      // different ones of a message; the first ones
)

// A Feature is something about a message that may be typical of junk, or of what
// is wanted: a word, two words in a row, the host of a link. What is kept of it is
// its number alone; nobody gets words back out of the database.
type Feature struct {
	Number uint32
	Word   string // as it is explained: "invoice", "subject:invoice", "link:bank.example"
}

// Features are those of one message, by number, each once.
type Features []Feature

// Numbers returns the numbers alone, ascending.
func (f Features) Numbers() []uint32 {
	numbers := make([]uint32, len(f))
	for i := range f {
		numbers[i] = f[i].Number
	}
	return numbers
}

// Read finds the features of a raw message. It takes any bytes at all; the time is
// linear in what it looks at.
func Read(raw []byte) Features {
	m := message.Parse(raw)
	c := &collector{seen: make(map[uint32]bool, maxFeatures)}
	c.header(raw[:min(m.Root.Body, int64(len(raw)))], m)
	c.parts(raw, &m.Root)
	slices.SortFunc(c.list, func(a, b Feature) int { return cmp.Compare(a.Number, b.Number) })
	return c.list
}

// number is that of a feature, whose pieces are given one after the other: FNV-1a,
// folded. Of a million of them two collide with a chance that does no harm: a word
// counts a little for another.
func number(pieces ...string) uint32 {
	sum := uint64(14695981039346656037)
	for _, piece := range pieces {
		for i := range len(piece) {
			sum = (sum ^ uint64(piece[i])) * 1099511628211
		}
	}
	return uint32(sum ^ sum>>32)
}

// A collector gathers the features of one message.
type collector struct {
	list Features
	seen map[uint32]bool
	text int // bytes of text that were looked at
}

// add notes a feature, which may be given in pieces: most were seen before, and need
// not be put together.
func (c *collector) add(pieces ...string) {
	if c.full() {
		return
	}
	n := number(pieces...)
	if !c.seen[n] {
		c.seen[n] = true
		c.list = append(c.list, Feature{n, strings.Join(pieces, "")})
	}
}

// full reports whether nothing more is noted of this message.
func (c *collector) full() bool { return len(c.list) >= maxFeatures }

// parts reads what a reader would see, and what they would not.
func (c *collector) parts(raw []byte, p *message.Part) {
	if p.Filename != "" {
		c.filename(p.Filename)
	}
	switch {
	case p.Kind != message.Leaf:
		for i := range p.Children {
			c.parts(raw, &p.Children[i])
		}
	case p.Type == "text/html":
		c.add("type:" + p.Type)
		c.html(c.limited(message.Markup(raw, p)))
	case strings.HasPrefix(p.Type, "text/"):
		c.words("", c.limited(message.Markup(raw, p)))
	default:
		c.add("type:" + shorten(p.Type))
	}
	if p.Charset != "" {
		c.add("charset:" + shorten(p.Charset))
	}
	if strings.HasPrefix(p.Type, "text/") && p.Encoding == message.Identity && (p.Charset == "" || p.Charset == "us-ascii") &&
		slices.ContainsFunc(raw[min(p.Body, int64(len(raw))):min(p.End, int64(len(raw)))], func(b byte) bool { return b >= utf8.RuneSelf }) {
		c.add("text not in ascii, and nobody says in what")
	}
}

// filename notes what an attachment claims to be.
func (c *collector) filename(name string) {
	name = message.Fold(shorten(name))
	pieces := strings.Split(name, ".")
	if len(pieces) > 1 {
		c.add("attached:" + pieces[len(pieces)-1])
	}
	if len(pieces) > 2 { // invoice.pdf.exe
		c.add("attached:" + strings.Join(pieces[len(pieces)-2:], "."))
	}
}

// limited reads as much text as is still looked at.
func (c *collector) limited(r io.Reader) []byte {
	var b bytes.Buffer
	n, _ := io.Copy(&b, io.LimitReader(r, int64(max(0, maxText-c.text)))) // what cannot be decoded ends it
	c.text += int(n)
	return b.Bytes()
}

// shorten bounds what a stranger's word can be.
func shorten(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "")
	}
	return s
}

package imapd

import (
	"errors"
	"sync"
)

// An inflater undoes what a client's COMPRESS=DEFLATE does (RFC 1951). It is
// ours for two reasons. The decoders that there are give out a block when the
// next one begins, unless an empty stored block ends it; some clients, mutt
// among them, flush without one (Z_PARTIAL_FLUSH), so that their command would
// never be seen. And they hold 40 kB and more while nothing comes, where this one
// holds what the client has sent so far, 32 kB at most: it may refer to that.
//
// feed takes what has come; Read gives out what can be made of it, and io.EOF
// never: what is missing may come.
type inflater struct {
	in  []byte
	pos int // of the next bit in it

	window []byte // the last output
	taken  int    // how much of it Read has given out

	stored int    // bytes of a stored block that are to come
	codes  *codes // of the block that is under way; nil: none
	final  bool   // it is the last one
	err    error  // of the stream
	lens   [320]uint8
}

// Sizes: how far back a match may reach, and how much output is made ahead.
const (
	inflateWindow = 32 << 10
	inflateAhead  = 16 << 10
)

var (
	errDeflate    = errors.New("compressed data is damaged")
	errDeflateEnd = errors.New("compressed data has ended")
)

// feed adds compressed data.
func (f *inflater) feed(p []byte) {
	used := f.pos / 8
	f.in = append(f.in[:copy(f.in, f.in[used:])], p...)
	f.pos -= 8 * used
}

// available reports whether Read would give something: a byte or an error.
func (f *inflater) available() bool {
	if f.taken == len(f.window) {
		f.run()
	}
	return f.taken < len(f.window) || f.err != nil
}

// Read gives out what there is, perhaps nothing.
func (f *inflater) Read(p []byte) (int, error) {
	if !f.available() {
		return 0, nil
	}
	n := copy(p, f.window[f.taken:])
	if f.taken += n; n == 0 && len(p) > 0 {
		return 0, f.err
	}
	return n, nil
}

// rest gives back memory while nothing comes.
func (f *inflater) rest() {
	f.shift()
	if cap(f.window) > len(f.window)+len(f.window)/4+64 {
		f.window = append(make([]byte, 0, len(f.window)), f.window...)
	}
	f.feed(nil)
	f.in = append([]byte(nil), f.in...)
}

// shift forgets output that is too old to be referred to.
func (f *inflater) shift() {
	if old := min(f.taken, len(f.window)-inflateWindow); old > 0 {
		f.window = f.window[:copy(f.window, f.window[old:])]
		f.taken -= old
	}
}

// run makes output until there is some ahead, or input is missing.
func (f *inflater) run() {
	if len(f.window) > 2*inflateWindow {
		f.shift()
	}
	for f.err == nil && len(f.window)-f.taken < inflateAhead {
		pos, final := f.pos, f.final
		if !f.step() {
			f.pos, f.final = pos, final // again when there is more
			return
		}
	}
}

// step decodes the header of a block, or some of its data; false when that takes
// more input.
func (f *inflater) step() bool {
	switch {
	case f.stored > 0:
		return f.copyStored()
	case f.codes != nil:
		return f.symbol()
	case f.final:
		f.err = errDeflateEnd
		return false
	}
	head, ok := f.bits(3)
	if !ok {
		return false
	}
	f.final = head&1 != 0
	switch head >> 1 {
	case 0:
		return f.beginStored()
	case 1:
		f.codes = fixedCodes()
		return true
	case 2:
		return f.beginDynamic()
	}
	return f.fail()
}

func (f *inflater) fail() bool {
	f.err = errDeflate
	return false
}

// bits takes n bits, the first the lowest.
func (f *inflater) bits(n int) (v int, ok bool) {
	if f.pos+n > 8*len(f.in) {
		return 0, false
	}
	for i := range n {
		v |= int(f.in[f.pos/8]>>(f.pos%8)&1) << i
		f.pos++
	}
	return v, true
}

func (f *inflater) beginStored() bool {
	f.pos = (f.pos + 7) &^ 7
	size, ok := f.bits(16)
	check, also := f.bits(16)
	switch {
	case !ok || !also:
		return false
	case size != ^check&0xffff:
		return f.fail()
	}
	f.stored = size
	return true
}

func (f *inflater) copyStored() bool {
	from := f.pos / 8
	n := min(f.stored, len(f.in)-from)
	f.window = append(f.window, f.in[from:from+n]...)
	f.pos += 8 * n
	f.stored -= n
	return n > 0
}

// codeOrder is the order in which the lengths of the lengths' codes come (RFC
// 1951 section 3.2.7).
const codeOrder = "\x10\x11\x12\x00\x08\x07\x09\x06\x0a\x05\x0b\x04\x0c\x03\x0d\x02\x0e\x01\x0f"

// beginDynamic reads the codes of a block: all of them, or nothing.
func (f *inflater) beginDynamic() bool {
	lits, _ := f.bits(5)
	dists, _ := f.bits(5)
	order, ok := f.bits(4)
	if !ok {
		return false
	}
	lits, dists = lits+257, dists+1
	clear(f.lens[:])
	for _, at := range []byte(codeOrder)[:order+4] {
		n, ok := f.bits(3)
		if !ok {
			return false
		}
		f.lens[at] = uint8(n)
	}
	lengths, ok := newHuffman(f.lens[:len(codeOrder)])
	if !ok || lits > 286 {
		return f.fail()
	}
	clear(f.lens[:])
	for i := 0; i < lits+dists; {
		if !f.readLengths(lengths, &i, lits+dists) {
			return false
		}
	}
	c := &codes{}
	if c.literal, ok = newHuffman(f.lens[:lits]); !ok {
		return f.fail()
	}
	if c.distance, ok = newHuffman(f.lens[lits : lits+dists]); !ok {
		return f.fail()
	}
	f.codes = c
	return true
}

// readLengths reads one code length, or a run of equal ones.
func (f *inflater) readLengths(lengths *huffman, i *int, end int) bool {
	sym, ok := f.decode(lengths)
	if !ok {
		return false
	}
	var value uint8
	extra, run := 0, 1
	switch {
	case sym < 16:
		value = uint8(sym)
	case sym == 16 && *i > 0:
		value, extra, run = f.lens[*i-1], 2, 3
	case sym == 17:
		extra, run = 3, 3
	case sym == 18:
		extra, run = 7, 11
	default:
		return f.fail()
	}
	more, ok := f.bits(extra)
	if !ok {
		return false
	}
	for range run + more {
		if *i == end {
			return f.fail()
		}
		f.lens[*i] = value
		*i++
	}
	return true
}

// symbol decodes a byte, a match or the end of the block.
func (f *inflater) symbol() bool {
	sym, ok := f.decode(f.codes.literal)
	switch {
	case !ok:
		return false
	case sym < 256:
		f.window = append(f.window, byte(sym))
		return true
	case sym == 256:
		f.codes = nil
		return true
	}
	length, ok := f.number(sym-257, 2, 3, 28, 258)
	if !ok {
		return false
	}
	sym, ok = f.decode(f.codes.distance)
	if !ok {
		return false
	}
	distance, ok := f.number(sym, 1, 1, 30, 0)
	if !ok {
		return false
	}
	if distance > len(f.window) || distance > inflateWindow {
		return f.fail()
	}
	from := len(f.window) - distance
	for i := range length {
		f.window = append(f.window, f.window[from+i]) // may repeat itself
	}
	return true
}

// number is what a length or distance symbol stands for, with its extra bits
// (RFC 1951 section 3.2.5): groups of 1<<group symbols have one bit more each.
// The symbol last stands for a number of its own, or is none.
func (f *inflater) number(sym, group, base, last, special int) (int, bool) {
	switch {
	case sym == last && special > 0:
		return special, true
	case sym >= last:
		return 0, f.fail()
	case sym < 2<<group:
		return base + sym, true
	}
	extra := sym>>group - 1
	more, ok := f.bits(extra)
	return base + (1<<group+sym&(1<<group-1))<<extra + more, ok
}

// codes are the two codes of a block.
type codes struct{ literal, distance *huffman }

// A huffman is a canonical code: how many codes have each length, and their
// symbols in order.
type huffman struct {
	count   [16]uint16
	symbols []uint16
}

// newHuffman makes the code of the given lengths; false when there is none. One
// that is incomplete is taken, as some encoders write: its gaps are mistakes once
// they are met.
func newHuffman(lengths []uint8) (*huffman, bool) {
	h := &huffman{}
	for _, n := range lengths {
		h.count[n]++
	}
	h.count[0] = 0
	var at [16]int
	left := 1
	for n := 1; n < 16; n++ {
		if left = left<<1 - int(h.count[n]); left < 0 {
			return nil, false
		}
		at[n] = at[n-1] + int(h.count[n-1])
	}
	h.symbols = make([]uint16, len(lengths))
	for sym, n := range lengths {
		if n > 0 {
			h.symbols[at[n]] = uint16(sym)
			at[n]++
		}
	}
	return h, true
}

// decode takes one symbol.
func (f *inflater) decode(h *huffman) (sym int, ok bool) {
	code, first, index := 0, 0, 0
	for n := 1; n < len(h.count); n++ {
		if f.pos >= 8*len(f.in) {
			return 0, false
		}
		code |= int(f.in[f.pos/8] >> (f.pos % 8) & 1)
		f.pos++
		count := int(h.count[n])
		if code-count < first {
			return int(h.symbols[index+code-first]), true
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return 0, f.fail()
}

// fixedCodes are those of RFC 1951 section 3.2.6.
var fixedCodes = sync.OnceValue(func() *codes {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	var distances [30]uint8
	for i := range distances {
		distances[i] = 5
	}
	literal, _ := newHuffman(lengths[:])
	distance, _ := newHuffman(distances[:])
	return &codes{literal, distance}
})

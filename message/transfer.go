package message

import (
	"bytes"
	"io"
)

// Decode returns a reader of a part's body with its transfer encoding removed
// (RFC 3516 BINARY). Damaged input decodes as far as it goes: what is not in
// base64's alphabet is passed over, a broken escape of quoted-printable stands
// for itself.
func Decode(body io.Reader, encoding Encoding) io.Reader {
	switch encoding {
	case Base64:
		return &decodingReader{src: body, step: new(base64Decoder).step}
	case QuotedPrintable:
		return &decodingReader{src: body, step: new(quotedDecoder).step}
	}
	return body
}

// decodedSize is the number of bytes that Decode yields.
func decodedSize(body []byte, encoding Encoding) int64 {
	switch encoding {
	case Base64:
		return base64Size(body)
	case QuotedPrintable:
		n, _ := io.Copy(io.Discard, Decode(bytes.NewReader(body), QuotedPrintable)) // reading memory cannot fail
		return n
	}
	return int64(len(body))
}

// decodingReader feeds src through a step function, which appends to dst what it
// makes of a piece; an empty piece is the end.
type decodingReader struct {
	src  io.Reader
	step func(dst, piece []byte) []byte
	in   [4096]byte
	buf  []byte // decoded
	out  []byte // the rest of buf, not read yet
	err  error
}

func (d *decodingReader) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		n, err := d.src.Read(d.in[:])
		d.buf = d.buf[:0]
		if n > 0 {
			d.buf = d.step(d.buf, d.in[:n])
		}
		if err != nil {
			d.buf, d.err = d.step(d.buf, nil), err
		}
		d.out = d.buf
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// sextets maps base64's alphabet (RFC 2045 section 6.8) to its values.
var sextets = func() (table [256]byte) {
	for i := range table {
		table[i] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		table[c] = byte(i)
	}
	return table
}()

// base64Decoder holds the sextets that do not make an octet yet. Padding ends a
// group; another may follow.
type base64Decoder struct {
	bits uint32
	have int
}

func (d *base64Decoder) step(dst, piece []byte) []byte {
	for _, c := range piece {
		v := sextets[c]
		if v == 0xff {
			if c == '=' {
				dst = d.end(dst)
			}
			continue
		}
		d.bits = d.bits<<6 | uint32(v)
		if d.have++; d.have == 4 {
			dst = append(dst, byte(d.bits>>16), byte(d.bits>>8), byte(d.bits))
			d.have = 0
		}
	}
	if len(piece) == 0 {
		dst = d.end(dst)
	}
	return dst
}

// end writes what an incomplete group holds.
func (d *base64Decoder) end(dst []byte) []byte {
	switch d.have {
	case 2:
		dst = append(dst, byte(d.bits>>4))
	case 3:
		dst = append(dst, byte(d.bits>>10), byte(d.bits>>2))
	}
	d.have = 0
	return dst
}

// base64Size counts without decoding.
func base64Size(body []byte) (size int64) {
	have := 0
	for _, c := range body {
		if sextets[c] != 0xff {
			have++
		} else if c == '=' {
			size += groupSize(have)
			have = 0
		}
	}
	return size + groupSize(have)
}

// groupSize is what a run of sextets decodes to.
func groupSize(sextets int) int64 {
	return int64(sextets)/4*3 + int64(max(sextets%4-1, 0))
}

// quotedDecoder holds the end of a piece that may be the start of an escape, a
// soft line break, or white space before a line break.
type quotedDecoder struct{ held []byte }

func (d *quotedDecoder) step(dst, piece []byte) []byte {
	final := len(piece) == 0
	b := append(d.held, piece...)
	i := 0
	for i < len(b) {
		n, out, ok := quotedUnit(b[i:], final)
		if !ok {
			break
		}
		dst = append(dst, out...)
		i += n
	}
	d.held = append(d.held[:0], b[i:]...)
	return dst
}

// maxTrailing is how much white space is looked at to see whether it ends a
// line.
const maxTrailing = 200

// quotedUnit decodes the unit at the start of b; ok is false when more input is
// needed to tell.
func quotedUnit(b []byte, final bool) (n int, out []byte, ok bool) {
	switch b[0] {
	case '=':
		return escapeUnit(b, final)
	case ' ', '\t':
		end := 0
		for end < len(b) && end < maxTrailing && (b[end] == ' ' || b[end] == '\t') {
			end++
		}
		if end == len(b) && end < maxTrailing && !final {
			return 0, nil, false
		}
		if end < len(b) && (b[end] == '\n' || b[end] == '\r') || end == len(b) && final {
			return end, nil, true // RFC 2045 section 6.7 (3): it was added on the way
		}
		return end, b[:end], true
	}
	return 1, b[:1], true
}

// escapeUnit decodes "=XX" or a soft line break.
func escapeUnit(b []byte, final bool) (n int, out []byte, ok bool) {
	end := 1
	for end < len(b) && end < maxTrailing && (b[end] == ' ' || b[end] == '\t') {
		end++
	}
	switch {
	case end == len(b):
		return end, nil, final // a soft line break at the very end
	case b[end] == '\n':
		return end + 1, nil, true
	case b[end] == '\r':
		if end+1 == len(b) {
			return end + 1, nil, final
		}
		if b[end+1] == '\n' {
			end++
		}
		return end + 1, nil, true
	case len(b) < 3:
		return 1, b[:1], final
	}
	high, low := unhex(b[1]), unhex(b[2])
	if high < 0 || low < 0 {
		return 1, b[:1], true
	}
	return 3, []byte{byte(high<<4 | low)}, true
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

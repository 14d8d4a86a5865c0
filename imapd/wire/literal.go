package wire

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
)

// A Literal is one that was announced. Nothing of it was read or asked for yet.
type Literal struct {
	Size   int64
	Binary bool // literal8: "~{"
	Sync   bool // the client waits for a continuation request
	d      *Decoder
}

// Literal reads the announcement of a literal of any size, "{n}", "{n+}" or
// "~{n}", with its CRLF. The caller decides by the size: Reader takes it, and
// leaving it refuses it. Nil after a mistake.
func (d *Decoder) Literal() *Literal {
	l := &Literal{d: d, Binary: d.Accept('~')}
	d.Expect('{')
	l.Size = int64(d.number(63, "the size of a literal"))
	l.Sync = !d.Accept('+')
	d.Expect('}')
	d.Accept('\r')
	d.Expect('\n')
	if d.err != nil {
		return nil
	}
	d.refused = l.Sync
	if !l.Sync {
		d.pending = l.Size
	}
	return l
}

// Reader asks the client for the octets where it waits, and returns a reader of
// exactly Size of them. What is left unread is skipped by Resync.
func (l *Literal) Reader() io.Reader {
	d := l.d
	d.pending, d.refused = l.Size, false
	if d.OnLiteral != nil {
		if err := d.OnLiteral(l.Size, l.Sync); err != nil {
			d.fail(err)
		}
	}
	return literalReader{d}
}

type literalReader struct{ d *Decoder }

func (r literalReader) Read(p []byte) (int, error) {
	d := r.d
	if d.err != nil {
		return 0, d.err
	}
	if d.pending == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > d.pending {
		p = p[:d.pending]
	}
	n, err := d.r.Read(p)
	d.pending -= int64(n)
	d.position += n
	if err != nil {
		d.fail(err)
		err = d.err
	}
	return n, err
}

// literalString reads a literal into memory.
func (d *Decoder) literalString() string {
	l := d.Literal()
	if l == nil {
		return ""
	}
	if l.Size > int64(d.limits.Literal-d.held) {
		d.fail(&LimitError{What: "literal"})
		return ""
	}
	d.held += int(l.Size)
	b := make([]byte, l.Size)
	if _, err := io.ReadFull(l.Reader(), b); err != nil {
		d.fail(err)
		return ""
	}
	if bytes.IndexByte(b, 0) >= 0 {
		d.Fail("a literal without NUL") // RFC 9051 section 9: CHAR8
		return ""
	}
	return string(b)
}

// Resync skips what is left of the command after a mistake or a refusal, with
// the literals that the client sends without waiting (RFC 7888). A
// synchronising literal ends the command: the client gives up when it sees the
// tagged reply. ErrAbandoned when there is more than Limits.Skip.
func (d *Decoder) Resync() error {
	if Fatal(d.err) {
		return d.err
	}
	budget := d.limits.Skip
	for !d.ended && !d.refused {
		if err := d.skipLiteral(&budget); err != nil {
			return err
		}
		if err := d.skipLine(&budget); err != nil {
			return err
		}
	}
	return nil
}

// skipLiteral skips what is still to come of a literal.
func (d *Decoder) skipLiteral(budget *int64) error {
	n := d.pending
	if *budget -= n; *budget < 0 {
		return ErrAbandoned
	}
	if n > 0 && d.OnLiteral != nil {
		if err := d.OnLiteral(n, false); err != nil {
			return err
		}
	}
	d.pending = 0
	_, err := io.CopyN(io.Discard, d.r, n)
	return err
}

// skipLine skips to the next line end and finds out whether a literal follows.
func (d *Decoder) skipLine(budget *int64) error {
	var tail []byte // the last bytes before the line end
	for {
		chunk, err := d.r.ReadSlice('\n')
		if *budget -= int64(len(chunk)); *budget < 0 {
			return ErrAbandoned
		}
		tail = append(tail, chunk...)
		tail = tail[max(0, len(tail)-maxAnnouncement):]
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull {
			return err
		}
	}
	size, sync, ok := announced(tail)
	switch {
	case !ok:
		d.ended = true
	case sync:
		d.refused = true
	default:
		d.pending = size
	}
	return nil
}

// maxAnnouncement is the length of the longest "{n+}" CRLF.
const maxAnnouncement = len("{9223372036854775807+}\r\n")

// announced finds the announcement of a literal at the end of a line.
func announced(line []byte) (size int64, sync, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	open := bytes.LastIndexByte(line, '{')
	if open < 0 || line[len(line)-1] != '}' {
		return 0, false, false
	}
	digits, plus := bytes.CutSuffix(line[open+1:len(line)-1], []byte("+"))
	n, err := strconv.ParseUint(string(digits), 10, 63)
	return int64(n), !plus, err == nil
}

package wire

import (
	"bufio"
	"bytes"
	"io"
	"testing"
)

// FuzzDecoder reads any bytes by any sequence of methods: no panic, no endless
// loop, and nothing larger in memory than the limits say.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x01\x05\x01\x05\x0f"), []byte("a1 LOGIN anna {5+}\r\ntulip\r\n"))
	f.Add([]byte("\x00\x01\x02\x01\x08\x01\x0a\x0f"), []byte("a1 STORE 1:*,3 (\\Seen x)\r\n"))
	f.Add([]byte("\x00\x01\x02\x01\x0c\x0f"), []byte("a1 SEARCH (((a)))\r\n{99}\r\n"))
	f.Add([]byte("\x0b"), []byte("~{4+}\r\n\x00\x00\x00\x00 x {3+}\r\nabc\r\nb"))
	f.Fuzz(func(t *testing.T, ops, data []byte) {
		limits := testLimits()
		d := NewDecoder(limits)
		d.Attach(bufio.NewReaderSize(bytes.NewReader(data), 16))
		d.Begin()
		for _, op := range ops {
			if n := apply(d, op); n > limits.Line+limits.Literal {
				t.Fatalf("operation %d returned %d bytes", op, n)
			}
		}
		if d.held > limits.Literal || d.line > limits.Line {
			t.Fatalf("%d bytes of literals held, %d of lines", d.held, d.line)
		}
		if !d.Ended() && d.Resync() == nil && !d.Ended() && !d.refused {
			t.Fatal("Resync stopped within a command")
		}
	})
}

// apply runs one method and returns the size of what it returned.
func apply(d *Decoder, op byte) int {
	switch op % 18 {
	case 0:
		return len(d.Tag())
	case 1:
		d.SP()
	case 2:
		return len(d.Keyword())
	case 3:
		return int(d.Number() & 1)
	case 4:
		return int(d.Number64() & 1)
	case 5:
		return len(d.AString())
	case 6:
		s, _ := d.NString()
		return len(s)
	case 7:
		return len(d.Mailbox())
	case 8:
		return len(d.NumSet().Ranges)
	case 9:
		return len(d.ListMailbox())
	case 10:
		return len(d.Flags())
	case 11:
		if l := d.Literal(); l != nil {
			_, _ = io.CopyN(io.Discard, l.Reader(), 3)
		}
	case 12:
		d.List(func() { d.List(func() { d.AString() }) })
	case 13:
		d.Date()
		d.DateTime()
	case 14:
		d.Partial()
	case 15:
		_ = d.End()
	case 16:
		s, _ := d.Line(10)
		return len(s)
	case 17:
		return len(d.Base64Text())
	}
	return 0
}

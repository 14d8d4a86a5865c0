package wire

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
)

func testLimits() Limits { return Limits{Line: 200, Literal: 20, Depth: 4, Skip: 1000} }

// decoderOf reads from text in small pieces, so that no token depends on being
// in the buffer as a whole.
func decoderOf(text string) *Decoder {
	d := NewDecoder(testLimits())
	d.Attach(bufio.NewReaderSize(iotest.OneByteReader(strings.NewReader(text)), 16))
	d.Begin()
	return d
}

func TestTokens(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		read     func(*Decoder) any
		want     any
		expected string // of the *SyntaxError; empty for none
	}{
		{"tag", "a1 ", func(d *Decoder) any { return d.Tag() }, "a1", ""},
		{"tag with plus", "+1 ", func(d *Decoder) any { return d.Tag() }, "", "a tag"},
		{"keyword", "seLect ", func(d *Decoder) any { return d.Keyword() }, "SELECT", ""},
		{"atom stops at bracket", "BODY] ", func(d *Decoder) any { return d.Atom() }, "BODY", ""},
		{"astring takes bracket", "a]b ", func(d *Decoder) any { return d.AString() }, "a]b", ""},
		{"astring quoted", `"a \"b\" \\c" `, func(d *Decoder) any { return d.AString() }, `a "b" \c`, ""},
		{"astring literal", "{3}\r\na\rb ", func(d *Decoder) any { return d.AString() }, "a\rb", ""},
		{"astring literal without waiting", "{3+}\r\na\nb ", func(d *Decoder) any { return d.AString() }, "a\nb", ""},
		{"empty quoted", `"" `, func(d *Decoder) any { return d.AString() }, "", ""},
		{"empty literal", "{0}\r\n ", func(d *Decoder) any { return d.AString() }, "", ""},
		{"utf-8 in quoted", `"Grüße" `, func(d *Decoder) any { return d.AString() }, "Grüße", ""},
		{"nothing", " x", func(d *Decoder) any { return d.AString() }, "", "an atom or a string"},
		{"quoted is not closed", "\"abc\r\n", func(d *Decoder) any { return d.AString() }, "", `the closing '"'`},
		{"NUL in quoted", "\"a\x00b\"", func(d *Decoder) any { return d.AString() }, "", `the closing '"'`},
		{"NUL in literal", "{1}\r\n\x00", func(d *Decoder) any { return d.AString() }, "", "a literal without NUL"},
		{"bad escape", `"a\b"`, func(d *Decoder) any { return d.AString() }, "", `'"' or '\' after a backslash`},
		{"string is no atom", "abc ", func(d *Decoder) any { return d.String() }, "", "a quoted string or a literal"},
		{"literal without size", "{}\r\n", func(d *Decoder) any { return d.String() }, "", "the size of a literal"},
		{"literal of too many digits", "{99999999999999999999}\r\n", func(d *Decoder) any { return d.String() }, "", "the size of a literal"},
		{"number", "4294967295 ", func(d *Decoder) any { return d.Number() }, uint32(4294967295), ""},
		{"number too large", "4294967296 ", func(d *Decoder) any { return d.Number() }, uint32(0), "a number"},
		{"number64", "9223372036854775807 ", func(d *Decoder) any { return d.Number64() }, uint64(1<<63 - 1), ""},
		{"number64 too large", "9223372036854775808 ", func(d *Decoder) any { return d.Number64() }, uint64(0), "a number"},
		{"no number", "x", func(d *Decoder) any { return d.Number() }, uint32(0), "a number"},
		{"mailbox", "&AOQ-/x ", func(d *Decoder) any { return d.Mailbox() }, "ä/x", ""},
		{"mailbox damaged", "&AOQ ", func(d *Decoder) any { return d.Mailbox() }, "", "a mailbox name: not modified UTF-7"},
		{"mailbox in UTF-8", `"ä&b" `, func(d *Decoder) any { d.UTF8 = true; return d.Mailbox() }, "ä&b", ""},
		{"mailbox not UTF-8", "\"\xff\" ", func(d *Decoder) any { d.UTF8 = true; return d.Mailbox() }, "", "a mailbox name: not UTF-8"},
		{"pattern", "a/%*b] ", func(d *Decoder) any { return d.ListMailbox() }, "a/%*b]", ""},
		{"pattern quoted", `"a b*" `, func(d *Decoder) any { return d.ListMailbox() }, "a b*", ""},
		{"date", "1-feb-1994 ", func(d *Decoder) any { return d.Date() }, time.Date(1994, 2, 1, 0, 0, 0, 0, time.UTC), ""},
		{"date quoted", `"28-Feb-1994" `, func(d *Decoder) any { return d.Date() }, time.Date(1994, 2, 28, 0, 0, 0, 0, time.UTC), ""},
		{"date that never was", "30-Feb-1994 ", func(d *Decoder) any { return d.Date() }, time.Time{}, "a date such as 1-Feb-1994"},
		{"partial", "<5.10>", func(d *Decoder) any { return d.Partial() }, &imap.SectionPartial{Offset: 5, Size: 10}, ""},
		{"partial of nothing", "<5.0>", func(d *Decoder) any { return d.Partial() }, (*imap.SectionPartial)(nil), "a size above zero"},
		{"flags", `(\seen $Forwarded \Junk)`, func(d *Decoder) any { return d.Flags() }, []imap.Flag{`\Seen`, "$Forwarded", `\Junk`}, ""},
		{"flags bare", "\\DELETED x\r\n", func(d *Decoder) any { return d.Flags() }, []imap.Flag{`\Deleted`, "x"}, ""},
		{"no flags", "()", func(d *Decoder) any { return d.Flags() }, []imap.Flag(nil), ""},
		{"two spaces", `(\Seen  x)`, func(d *Decoder) any { return d.Flags() }, nil, "a flag"},
		{"base64", "dGVzdA== ", func(d *Decoder) any { return d.Base64Text() }, "dGVzdA==", ""},
	}
	for _, test := range tests {
		d := decoderOf(test.in)
		got := test.read(d)
		var syntax *SyntaxError
		if test.expected == "" && d.Err() != nil || test.expected != "" && (!errors.As(d.Err(), &syntax) || syntax.Expected != test.expected) {
			t.Errorf("%s: error %v, want expected %q", test.name, d.Err(), test.expected)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" && test.expected == "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestNString(t *testing.T) {
	t.Parallel()
	d := decoderOf(`nil "NIL" {3}` + "\r\nNIL x")
	if s, ok := d.NString(); ok || s != "" {
		t.Errorf("NIL is %q, %t", s, ok)
	}
	for range 2 {
		d.SP()
		if s, ok := d.NString(); !ok || s != "NIL" {
			t.Errorf("string is %q, %t", s, ok)
		}
	}
	d.SP()
	if d.NString(); d.Err() == nil {
		t.Error("an atom is taken for a string")
	}
}

func TestDateTime(t *testing.T) {
	t.Parallel()
	for _, in := range []string{`" 1-Feb-1994 21:52:25 -0800"`, `"01-Feb-1994 21:52:25 -0800"`, `"1-feb-1994 21:52:25 -0800"`} {
		d := decoderOf(in)
		got := d.DateTime()
		if want := time.Date(1994, 2, 2, 5, 52, 25, 0, time.UTC); d.Err() != nil || !got.Equal(want) {
			t.Errorf("%s is %v, %v", in, got, d.Err())
		}
		if _, offset := got.Zone(); offset != -8*3600 {
			t.Errorf("%s has zone offset %d", in, offset)
		}
	}
	for _, in := range []string{`1-Feb-1994`, `"1-Feb-1994"`, `"31-Feb-1994 21:52:25 -0800"`, `"1-Feb-1994 25:52:25 -0800"`} {
		d := decoderOf(in + "\r\n")
		if d.DateTime(); d.Err() == nil {
			t.Errorf("%s is taken for a date and time", in)
		}
	}
}

// A mistake sticks, names what was expected, and where.
func TestMistakeSticks(t *testing.T) {
	t.Parallel()
	d := decoderOf("a1 STORE x FLAGS\r\na2 NOOP\r\n")
	d.Tag()
	d.SP()
	d.Keyword()
	d.SP()
	d.Number()
	d.SP()
	if name := d.Atom(); name != "" {
		t.Errorf("after a mistake Atom is %q", name)
	}
	err := d.End()
	if err == nil || err.Error() != "expected a number at byte 9" {
		t.Errorf("End is %v", err)
	}
	if Fatal(err) {
		t.Error("a mistake is fatal")
	}
	if err := d.Resync(); err != nil {
		t.Fatal(err)
	}
	d.Begin()
	if tag := d.Tag(); tag != "a2" {
		t.Errorf("after Resync the tag is %q: %v", tag, d.Err())
	}
}

func TestLoopsEndAfterMistake(t *testing.T) {
	t.Parallel()
	d := decoderOf("(a (b c))) d")
	items := 0
	d.List(func() { items++; d.Atom() })
	if d.Accept(' ') || d.Peek() != 0 || d.Err() == nil {
		t.Errorf("reading goes on after %d items: %v", items, d.Err())
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		read     func(*Decoder)
		what     string
	}{
		{"line", strings.Repeat("a", 201), func(d *Decoder) { d.Atom() }, "command line"},
		{"literal", "{21}\r\n", func(d *Decoder) { d.AString() }, "literal"},
		{"literals in all", "{11}\r\nabcdefghijk{10}\r\n", func(d *Decoder) { d.AString(); d.AString() }, "literal"},
		{"parentheses", "(((((", func(d *Decoder) {
			for range 5 {
				d.Open()
			}
		}, "nesting of parentheses"},
	}
	for _, test := range tests {
		d := decoderOf(test.in)
		test.read(d)
		var limit *LimitError
		if !errors.As(d.Err(), &limit) || limit.What != test.what || Fatal(d.Err()) {
			t.Errorf("%s: error %v", test.name, d.Err())
		}
	}
	d := decoderOf(strings.Repeat("a", 200) + "\n")
	if s := d.Atom(); len(s) != 200 || d.Err() != nil {
		t.Errorf("line at the limit: %d bytes, %v", len(s), d.Err())
	}
}

func TestLiteralContinuation(t *testing.T) {
	t.Parallel()
	var calls []bool
	d := decoderOf("{1}\r\na {2+}\r\nbc ~{3}\r\n\x00de\r\n")
	d.OnLiteral = func(_ int64, sync bool) error { calls = append(calls, sync); return nil }
	d.AString()
	d.SP()
	d.AString()
	d.SP()
	l := d.Literal()
	if l == nil || !l.Binary || l.Size != 3 || len(calls) != 2 {
		t.Fatalf("literal %+v after %d continuations, %v", l, len(calls), d.Err())
	}
	if b, err := io.ReadAll(l.Reader()); err != nil || string(b) != "\x00de" {
		t.Errorf("literal is %q, %v", b, err)
	}
	if err := d.End(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]bool{true, false, true}, calls); diff != "" {
		t.Error(diff)
	}
}

// After a mistake the next command is found, whatever the rest of the broken one
// holds.
func TestResync(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, rest string }{
		{"line", "rubbish\r\n"},
		{"line longer than the buffer", strings.Repeat("x", 150) + "\r\n"},
		{"bare line feed", "rubbish\n"},
		{"waiting literal", "x {5}\r\n"},
		{"literal that does not wait", "x {5+}\r\nA1\r\n! y\r\n"},
		{"two of them", "x {2+}\r\n\r\n{3+}\r\n\n\n\n\r\n"},
		{"of which the last waits", "x {2+}\r\n\r\n{3}\r\n"},
		{"braces in the middle", "{5+} x\r\n"},
		{"braces without a size", "{+}\r\n"},
		{"longest announcement", "{0000000000000000003+}\r\nabc\r\n"},
	}
	for _, test := range tests {
		d := decoderOf("!" + test.rest + "a2 NOOP\r\n")
		d.Accept('!')
		d.Fail("something else")
		if err := d.Resync(); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		d.Begin()
		if tag := d.Tag(); tag != "a2" {
			t.Errorf("%s: next tag is %q, %v", test.name, tag, d.Err())
		}
	}
}

func TestResyncAfterRefusedLiteral(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"{300}\r\n", "{30+}\r\n" + strings.Repeat("x", 30) + " more {2+}\r\nzz\r\n"} {
		d := decoderOf(in + "a2 NOOP\r\n")
		if d.Literal() == nil {
			t.Fatal(d.Err())
		}
		if err := d.Resync(); err != nil {
			t.Fatal(err)
		}
		d.Begin()
		if tag := d.Tag(); tag != "a2" {
			t.Errorf("%.9q: next tag is %q, %v", in, tag, d.Err())
		}
	}
}

func TestResyncAfterHalfReadLiteral(t *testing.T) {
	t.Parallel()
	d := decoderOf("{10}\r\n0123456789)\r\na2 ")
	if _, err := io.ReadFull(d.Literal().Reader(), make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	if err := d.Resync(); err != nil {
		t.Fatal(err)
	}
	d.Begin()
	if tag := d.Tag(); tag != "a2" {
		t.Errorf("next tag is %q, %v", tag, d.Err())
	}
}

func TestResyncGivesUp(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"{1001+}\r\nx", strings.Repeat("x", 2000)} {
		d := decoderOf(in)
		d.Fail("something else")
		if err := d.Resync(); !errors.Is(err, ErrAbandoned) {
			t.Errorf("%.9q: %v", in, err)
		}
	}
}

// The end of the connection is told apart from mistakes.
func TestFatal(t *testing.T) {
	t.Parallel()
	d := decoderOf("")
	if d.Tag(); d.Err() != io.EOF || !Fatal(d.Err()) {
		t.Errorf("between commands: %v", d.Err())
	}
	d = decoderOf("a1 LOG")
	d.Tag()
	d.SP()
	if d.Atom(); d.Err() != io.ErrUnexpectedEOF {
		t.Errorf("within a command: %v", d.Err())
	}
	if err := d.Resync(); err != io.ErrUnexpectedEOF {
		t.Errorf("Resync: %v", err)
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	d := decoderOf("a1 IDLE\r\ndone\r\na2 ")
	d.Tag()
	d.SP()
	d.Keyword()
	if err := d.End(); err != nil {
		t.Fatal(err)
	}
	if line, err := d.Line(10); line != "done" || err != nil || !d.Ended() {
		t.Errorf("line is %q, %v", line, err)
	}
	d = decoderOf("0123456789x\r\n")
	if _, err := d.Line(10); err == nil {
		t.Error("a line above the limit is taken")
	}
}

package wire

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"
)

// An Encoder writes responses into a buffer. Errors stick: Err and Flush return
// the first.
type Encoder struct {
	// UTF8 makes mailbox names and quoted strings UTF-8: after ENABLE of
	// UTF8=ACCEPT or IMAP4rev2.
	UTF8 bool

	w       *bufio.Writer
	err     error
	literal LiteralWriter // the one that is being written
}

// Attach gives the encoder its buffer, nil to take it away. Only after Flush.
func (e *Encoder) Attach(w *bufio.Writer) { e.w = w }

// Flush writes what is buffered to the connection.
func (e *Encoder) Flush() error {
	if e.err == nil {
		e.err = e.w.Flush()
	}
	return e.err
}

// Err returns the first error. Long answers ask now and then, to stop early
// when nobody listens any more.
func (e *Encoder) Err() error { return e.err }

// Text writes s as it is.
func (e *Encoder) Text(s string) {
	if e.err == nil {
		_, e.err = e.w.WriteString(s)
	}
}

// Bytes writes b as it is: wire forms made before, such as an ENVELOPE.
func (e *Encoder) Bytes(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
	}
}

// CRLF ends a response.
func (e *Encoder) CRLF() { e.Text("\r\n") }

// SP writes the space between two things.
func (e *Encoder) SP() { e.Text(" ") }

// Number writes n.
func (e *Encoder) Number(n uint64) {
	if e.err == nil {
		_, e.err = e.w.Write(strconv.AppendUint(e.w.AvailableBuffer(), n, 10))
	}
}

// maxQuoted bounds quoted strings: longer ones are literals, since clients read
// lines into buffers.
const maxQuoted = 4096

// String writes s quoted if it can be, else as a literal.
func (e *Encoder) String(s string) {
	if !e.canQuote(s) {
		e.Text("{")
		e.Number(uint64(len(s)))
		e.Text("}\r\n")
		e.Text(s)
		return
	}
	e.Text(`"`)
	for {
		i := strings.IndexAny(s, `"\`)
		if i < 0 {
			break
		}
		e.Text(s[:i])
		e.Text(`\` + s[i:i+1])
		s = s[i+1:]
	}
	e.Text(s)
	e.Text(`"`)
}

func (e *Encoder) canQuote(s string) bool {
	if len(s) > maxQuoted {
		return false
	}
	ascii := true
	for i := range len(s) {
		switch {
		case s[i] == '\r' || s[i] == '\n' || s[i] == 0:
			return false
		case s[i] >= utf8.RuneSelf:
			ascii = false
		}
	}
	// RFC 9051 section 4.3: quoted strings hold UTF-8 once it is enabled.
	return ascii || e.UTF8 && utf8.ValidString(s)
}

// NString writes s, or NIL when ok is false.
func (e *Encoder) NString(s string, ok bool) {
	if !ok {
		e.Text("NIL")
		return
	}
	e.String(s)
}

// Mailbox writes a mailbox name in the encoding that the client understands.
func (e *Encoder) Mailbox(name string) {
	if !e.UTF8 {
		name = EncodeUTF7(name)
	}
	e.String(name)
}

// Flags writes a parenthesised list of flags.
func (e *Encoder) Flags(flags []imap.Flag) {
	e.Text("(")
	for i, f := range flags {
		if i > 0 {
			e.Text(" ")
		}
		e.Text(string(f))
	}
	e.Text(")")
}

// DateTime writes t in its zone, quoted, the day padded to two places.
func (e *Encoder) DateTime(t time.Time) {
	if e.err == nil {
		_, e.err = e.w.Write(t.AppendFormat(e.w.AvailableBuffer(), `"`+dateTimeLayout+`"`))
	}
}

var errLiteralSize = errors.New("literal does not have the size announced")

// Literal announces a literal of size octets; the caller writes exactly those
// to the writer and closes it before the next one. A different number breaks the
// stream and so ends the connection.
func (e *Encoder) Literal(size int64) *LiteralWriter {
	e.Text("{")
	e.Number(uint64(size))
	e.Text("}\r\n")
	e.literal = LiteralWriter{e: e, left: size}
	return &e.literal
}

// Literal8 is Literal for octets that may contain NUL (RFC 9051, literal8).
func (e *Encoder) Literal8(size int64) *LiteralWriter {
	e.Text("~")
	return e.Literal(size)
}

// A LiteralWriter takes the octets of a literal.
type LiteralWriter struct {
	e    *Encoder
	left int64
}

var _ io.WriteCloser = (*LiteralWriter)(nil)

// Write fails when p goes beyond the announced size, or on the connection.
func (w *LiteralWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left && w.e.err == nil {
		w.e.err = errLiteralSize
	}
	if w.e.err != nil {
		return 0, w.e.err
	}
	n, err := w.e.w.Write(p)
	w.left -= int64(n)
	w.e.err = err
	return n, err
}

// Close fails when octets are missing.
func (w *LiteralWriter) Close() error {
	if w.left > 0 && w.e.err == nil {
		w.e.err = errLiteralSize
	}
	return w.e.err
}

// Code is a response code with its arguments, such as `UIDNEXT 7`, without the
// brackets. Only ASCII.
type Code string

// Status writes a tagged (or, with "*", untagged) status response. The text may
// quote what a client sent: nothing in it can end the line.
func (e *Encoder) Status(tag string, kind imap.StatusResponseType, code Code, text string) {
	e.Text(tag + " " + string(kind) + " ")
	if code != "" {
		e.Text("[" + string(code) + "] ")
	}
	e.Text(strings.Map(printable, text))
	e.CRLF()
}

// printable replaces what resp-text may not contain (RFC 3501 section 9).
func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// Continue writes a continuation request.
func (e *Encoder) Continue(text string) {
	e.Text("+ " + text)
	e.CRLF()
}

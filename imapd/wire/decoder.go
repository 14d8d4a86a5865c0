package wire

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// A Decoder reads the tokens of commands. Begin starts each command.
type Decoder struct {
	// UTF8 makes mailbox names UTF-8 instead of modified UTF-7: after ENABLE
	// of UTF8=ACCEPT or IMAP4rev2.
	UTF8 bool

	// OnLiteral is called before the octets of a literal are read or skipped.
	// When sync is set it must write and flush a continuation request. It may
	// move the read deadline by the size. May be nil.
	OnLiteral func(size int64, sync bool) error

	r      *bufio.Reader
	limits Limits

	err      error
	position int   // bytes read of this command
	line     int   // of them outside of literals
	held     int   // of them in literals that were read into memory
	depth    int   // open parentheses
	pending  int64 // octets of an announced literal that are still to come
	ended    bool  // the command's CRLF was read
	refused  bool  // a synchronising literal was announced and not asked for
}

// NewDecoder returns a Decoder without a buffer; see Attach.
func NewDecoder(l Limits) *Decoder { return &Decoder{limits: l} }

// Attach gives the decoder the buffered connection to read from, nil to take it
// away. Only between commands.
func (d *Decoder) Attach(r *bufio.Reader) { d.r = r }

// SetLimits changes the limits from the next command on.
func (d *Decoder) SetLimits(l Limits) { d.limits = l }

// Begin forgets the last command and starts the next.
func (d *Decoder) Begin() {
	d.err = nil
	d.position, d.line, d.held, d.depth = 0, 0, 0, 0
	d.pending = 0
	d.ended, d.refused = false, false
}

// Err returns what went wrong first: a *SyntaxError, a *LimitError, or an error
// of the connection, which Fatal tells apart.
func (d *Decoder) Err() error { return d.err }

// Ended reports whether the command was read to its end.
func (d *Decoder) Ended() bool { return d.ended }

// Fatal reports whether err is about the connection rather than the command.
func Fatal(err error) bool {
	var syntax *SyntaxError
	var limit *LimitError
	return err != nil && !errors.As(err, &syntax) && !errors.As(err, &limit)
}

// Fail records a mistake in the command: what stood there is not what was
// expected. Only the first counts.
func (d *Decoder) Fail(expected string) {
	d.fail(&SyntaxError{Expected: expected, Position: d.position})
}

func (d *Decoder) fail(err error) {
	if d.err == nil {
		if err == io.EOF && d.position > 0 {
			err = io.ErrUnexpectedEOF
		}
		d.err = err
	}
}

// Peek returns the next byte without taking it, 0 after a mistake.
func (d *Decoder) Peek() byte {
	if d.err != nil {
		return 0
	}
	b, err := d.r.Peek(1)
	if err != nil {
		d.fail(err)
		return 0
	}
	return b[0]
}

// take consumes the byte that Peek showed.
func (d *Decoder) take() {
	if d.line >= d.limits.Line {
		d.fail(&LimitError{What: "command line"})
		return
	}
	d.line++
	d.position++
	_, _ = d.r.Discard(1) // cannot fail: it was peeked at
}

// Accept takes the next byte if it is b.
func (d *Decoder) Accept(b byte) bool {
	if d.Peek() != b || d.err != nil {
		return false
	}
	d.take()
	return d.err == nil
}

// Expect takes the byte b or fails.
func (d *Decoder) Expect(b byte) {
	if !d.Accept(b) {
		d.Fail(nameOf(b))
	}
}

func nameOf(b byte) string {
	switch b {
	case ' ':
		return "a space"
	case '\r', '\n':
		return "the end of the line"
	}
	return "'" + string(rune(b)) + "'"
}

// SP takes the one space between arguments.
func (d *Decoder) SP() { d.Expect(' ') }

// End takes the CRLF that ends a command and returns the command's first
// mistake. A bare LF does as well: people type commands by hand.
func (d *Decoder) End() error {
	if d.err != nil {
		return d.err
	}
	d.Accept('\r')
	if d.Accept('\n') {
		d.ended = true
	} else {
		d.Fail("the end of the line")
	}
	return d.err
}

// AtEnd reports whether the command's arguments end here.
func (d *Decoder) AtEnd() bool {
	b := d.Peek()
	return b == '\r' || b == '\n' || d.err != nil
}

// while takes bytes as long as ok says so.
func (d *Decoder) while(ok func(byte) bool) string {
	var s strings.Builder
	for {
		b := d.Peek()
		if d.err != nil || !ok(b) {
			return s.String()
		}
		d.take()
		s.WriteByte(b)
	}
}

// List reads a parenthesised list of one or more items, separated by single
// spaces; item reads one. An empty list is fine.
func (d *Decoder) List(item func()) {
	d.Open()
	if d.Accept(')') {
		d.depth--
		return
	}
	for d.err == nil {
		item()
		if d.Accept(')') {
			d.depth--
			return
		}
		d.SP()
	}
}

// Open takes an opening parenthesis and counts the depth; Close takes it back.
func (d *Decoder) Open() {
	d.Expect('(')
	d.depth++
	if d.depth > d.limits.Depth {
		d.fail(&LimitError{What: "nesting of parentheses"})
	}
}

// Close takes a closing parenthesis.
func (d *Decoder) Close() {
	d.Expect(')')
	d.depth--
}

// Line reads a line that is no command, such as IDLE's DONE or a SASL response,
// without its line end. It may follow End.
func (d *Decoder) Line(limit int) (string, error) {
	d.ended = false
	s := d.while(func(b byte) bool { return b != '\r' && b != '\n' })
	if len(s) > limit {
		d.fail(&LimitError{What: "line"})
	}
	return s, d.End()
}

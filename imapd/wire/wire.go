// Package wire reads IMAP commands and writes IMAP responses: the grammar of
// RFC 9051 section 9 (and RFC 3501's), without any idea of what a command
// does.
//
// A Decoder reads one command after the other straight from the connection. A
// command's arguments are read in order; the first mistake sticks: from then on
// every method returns a zero value at once, and End returns the mistake. So
// callers parse a whole command without looking at errors, call End, and only
// then act. Loops end as well, since Accept and Peek report nothing after a
// mistake.
//
// An Encoder writes into a buffer; its errors stick likewise, until Flush.
//
// Neither is safe for concurrent use. Both can be parted from their buffers, so
// that a connection that waits holds none.
package wire

import (
	"errors"
	"fmt"
)

// A SyntaxError is a command that breaks the grammar. The connection can go on
// after Decoder.Resync.
type SyntaxError struct {
	Expected string // "a mailbox name"
	Position int    // bytes of the command read so far, literals included
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("expected %s at byte %d", e.Expected, e.Position)
}

// A LimitError is a command that is too large. It is found before the excess is
// read; Resync passes over it.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return e.What + " is too long" }

// ErrAbandoned says that Resync would have had to skip more than it may: the
// connection is of no further use.
var ErrAbandoned = errors.New("too much to skip after a mistake")

// Limits of a Decoder.
type Limits struct {
	Line    int   // bytes of a command outside of literals
	Literal int   // bytes of all literals of a command that are read into memory
	Depth   int   // nested parentheses
	Skip    int64 // bytes that Resync passes over at most
}

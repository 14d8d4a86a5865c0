// Package archive reads and writes mail as other programs keep it: mbox files
// and Maildirs. Both directions stream: an archive of any size needs the memory
// of one message.
//
// In mail as Letterbox keeps it every line ends in CRLF; mbox files and Maildirs
// mostly have LF. Reading turns every LF without a CR before it into CRLF,
// writing turns CRLF into LF. A message whose lines all end in CRLF comes back
// byte for byte.
package archive

import (
	"fmt"
	"time"
)

// An Entry is one message of an archive.
type Entry struct {
	Mailbox  string    // of a Maildir tree: its folder, '/' between levels; "" for its inbox, and in an mbox
	Flags    []string  // IMAP's names
	Date     time.Time // when it arrived; zero when the archive does not say
	Body     []byte    // CRLF; valid until the next entry is asked for
	Position string    // where it stands, for people: "byte 1234", a file name
}

// A MessageError says that one message cannot be read. Reading goes on behind
// it.
type MessageError struct {
	Position string
	Err      error
}

func (e *MessageError) Error() string { return fmt.Sprintf("message at %s: %v", e.Position, e.Err) }
func (e *MessageError) Unwrap() error { return e.Err }

// TooLargeError says that a message is larger than the limit given.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("it is larger than the %d bytes that are allowed", e.Limit)
}

// appendCRLF appends a line, or a piece of text, with CRLF for LF.
func appendCRLF(dst, text []byte) []byte {
	for i, b := range text {
		if b == '\n' && (i == 0 && (len(dst) == 0 || dst[len(dst)-1] != '\r') || i > 0 && text[i-1] != '\r') {
			dst = append(dst, '\r')
		}
		dst = append(dst, b)
	}
	return dst
}

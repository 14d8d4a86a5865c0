package message

import "io"

// ParseHeader is Parse for somebody who needs the header only: it reads no
// further than the empty line. Body-dependent fields are left empty.
func ParseHeader(raw []byte) *Message { panic("stub") }

// BodyOf turns BODYSTRUCTURE wire bytes into those of BODY, which has no
// extension data (RFC 9051 section 7.5.2).
func BodyOf(bodystructure []byte) []byte { panic("stub") }

// IsUsualField reports whether a header field (any case) is among those that
// UsualHeader keeps, because clients ask for them when they list a mailbox.
func IsUsualField(name string) bool { panic("stub") }

// FilterHeader appends to dst the fields of header whose name is (or, with not,
// is not) among names, compared without case, followed by the empty line: the
// answer to HEADER.FIELDS and HEADER.FIELDS.NOT.
func FilterHeader(dst, header []byte, names []string, not bool) []byte { panic("stub") }

// HeaderValues returns the decoded values (RFC 2047, charsets, unfolded) of all
// fields with the given name, in order; for SEARCH HEADER.
func HeaderValues(header []byte, name string) []string { panic("stub") }

// WriteText writes the searchable text of the message as UTF-8: the decoded
// header fields, then each text part (HTML as its text, without markup) and
// those of embedded messages. root is the message's Part tree.
// With bodyOnly the header of the outermost message is left out (SEARCH BODY).
func WriteText(w io.Writer, raw []byte, root *Part, bodyOnly bool) error { panic("stub") }

// Decode returns a reader of a part's body with its transfer encoding removed
// (RFC 3516 BINARY). Damaged input decodes as far as it goes.
func Decode(body io.Reader, encoding Encoding) io.Reader { panic("stub") }

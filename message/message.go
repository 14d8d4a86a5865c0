// Package message reads a raw RFC 5322 / MIME message in one pass and keeps
// what the other packages need of it: ENVELOPE and BODYSTRUCTURE in wire form,
// the offsets of every part and header, the decoded text for searching, a
// preview and the addresses. It takes any bytes at all: there is no input for
// which it fails, only input of which less can be said.
//
// Everything here is a pure function of its input and safe for concurrent use.
// The time is linear in the size of the message.
package message

import "time"

// Limits on structure. What lies deeper or comes later is kept as the opaque
// body of the last part that was still described; nothing is lost.
const (
	MaxDepth = 100   // levels of multipart and message/rfc822
	MaxParts = 10000 // parts in all
)

// A Message is what one pass over a raw message yields. It holds copies: the
// raw bytes may be released after Parse.
type Message struct {
	Root Part

	Envelope      []byte // RFC 9051 section 7.5.2, parenthesised, wire form
	BodyStructure []byte // likewise, with extension data; BodyOf takes those out
	UsualHeader   []byte // the fields named by IsUsualField, as they came, in order, each with its line end, CRLF

	Preview string // RFC 8970: at most 200 characters of text, UTF-8

	Subject     string // decoded (RFC 2047), UTF-8, unfolded
	From        []Address
	Sender      []Address
	ReplyTo     []Address
	To, Cc, Bcc []Address
	MessageID   string    // without <>; "" when missing
	InReplyTo   []string  // without <>
	References  []string  // without <>, oldest first
	Date        time.Time // of the Date field; zero when missing or unreadable
}

// An Address is a mailbox of RFC 5322 section 3.4, decoded.
type Address struct {
	Name   string // UTF-8
	Local  string
	Domain string
}

// Kind says how a part is built.
type Kind uint8

const (
	Leaf      Kind = iota
	Multipart      // Children are its parts
	Embedded       // message/rfc822 or message/global: one child, the message inside
)

// Encoding is a Content-Transfer-Encoding (RFC 2045 section 6).
type Encoding uint8

const (
	Identity Encoding = iota // 7bit, 8bit, binary, missing
	Base64
	QuotedPrintable
	UnknownEncoding // kept as it is; BINARY answers UNKNOWN-CTE
)

// A Part is a node of the MIME tree. Offsets count from the start of the raw
// message. The header is raw[Header:Body] with its empty line, the body
// raw[Body:End].
type Part struct {
	Header, Body, End int64
	Lines             int64 // line ends in the body
	DecodedSize       int64 // of the body after removing the transfer encoding (leaf), for BINARY.SIZE
	Kind              Kind
	Encoding          Encoding
	Type              string // lower case, "text/plain"
	Charset           string // of text parts, lower case, "" when not given
	Filename          string // decoded, of Content-Disposition or Content-Type
	Attachment        bool   // Content-Disposition: attachment
	Children          []Part
}

// Find returns the part with the section number path (RFC 9051 section 6.4.5.1:
// [1], [2, 1] ...; empty for the root itself), or nil.
func (p *Part) Find(path []int) *Part { panic("stub") }

// AppendBinary encodes the tree compactly; DecodePart reverses it.
func (p *Part) AppendBinary(b []byte) []byte { panic("stub") }

// DecodePart reads what AppendBinary wrote. It fails on damaged input.
func DecodePart(b []byte) (*Part, error) { panic("stub") }

// Parse reads raw. It never fails and never keeps raw.
func Parse(raw []byte) *Message { panic("stub") }

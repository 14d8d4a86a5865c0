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
	MaxDepth = 100    // levels of multipart and message/rfc822
	MaxParts = 10_000 // parts in all
)

// Limits on what is said about a header. A longer field is told up to the limit
// in ENVELOPE and BODYSTRUCTURE; the header itself is kept and fetched whole.
const (
	maxField      = 64 << 10  // bytes of a field that are looked at
	maxUsualField = 16 << 10  // bytes of a field in UsualHeader
	maxUsual      = 64 << 10  // bytes of UsualHeader
	maxParameters = 200       // of a Content-Type or Content-Disposition
	maxDetails    = 512 << 10 // bytes of part headers that BODYSTRUCTURE tells
)

// A Message is what one pass over a raw message yields. It holds copies: the
// raw bytes may be released after Parse.
type Message struct {
	Root Part

	Envelope      []byte // RFC 9051 section 7.5.2, parenthesised, wire form
	BodyStructure []byte // likewise, with extension data; BodyOf takes those out

	// UsualHeader has the fields named by IsUsualField, as they came, in order,
	// each with its line end. It is empty when one of them is too long to be
	// kept twice: then the body must be asked.
	UsualHeader []byte

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

// Parse reads raw. It never fails and never keeps raw.
func Parse(raw []byte) *Message {
	p := parser{raw: raw, open: make(map[string]int)}
	root, _ := p.message(0)
	m := &Message{Root: root.Part}
	m.readHeader(raw[:root.Body])
	m.BodyStructure = appendStructure(nil, raw, root)
	m.Preview = preview(raw, &m.Root)
	return m
}

// ParseHeader is Parse for somebody who needs the header only: it reads no
// further than the empty line. Body-dependent fields are left empty.
func ParseHeader(raw []byte) *Message {
	m := &Message{}
	m.Root.Body = headerEnd(raw)
	m.Root.End = m.Root.Body
	m.readHeader(raw[:m.Root.Body])
	return m
}

// readHeader fills in what the header says.
func (m *Message) readHeader(header []byte) {
	h := collect(header)
	m.Envelope = h.appendEnvelope(nil)
	m.UsualHeader = h.usual
	m.Subject = decodeField(h.first[fieldSubject])
	m.From = decodeAddresses(h.first[fieldFrom])
	m.Sender = decodeAddresses(h.first[fieldSender])
	m.ReplyTo = decodeAddresses(h.first[fieldReplyTo])
	m.To = decodeAddresses(h.first[fieldTo])
	m.Cc = decodeAddresses(h.first[fieldCc])
	m.Bcc = decodeAddresses(h.first[fieldBcc])
	if ids := messageIDs(h.first[fieldMessageID]); len(ids) > 0 {
		m.MessageID = ids[0]
	}
	m.InReplyTo = messageIDs(h.first[fieldInReplyTo])
	m.References = messageIDs(h.first[fieldReferences])
	m.Date = parseDate(h.first[fieldDate])
}

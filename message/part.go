package message

import (
	"encoding/binary"
	"errors"
)

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
// raw[Body:End]. The line break before a boundary belongs to the boundary.
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
// [1], [2, 1] ...; empty for the root itself), or nil. Part 1 of a message that
// is no multipart is the message itself: same body, and its header is the
// message's. What lies in an Embedded part counts from its child.
func (p *Part) Find(path []int) *Part {
	asMessage := true
	for _, n := range path {
		if !asMessage && p.Kind == Embedded {
			p, asMessage = &p.Children[0], true
		}
		switch {
		case p.Kind == Multipart && n >= 1 && n <= len(p.Children):
			p = &p.Children[n-1]
		case p.Kind == Multipart || !asMessage || n != 1:
			return nil
		}
		asMessage = false
	}
	return p
}

// AppendBinary encodes the tree compactly; DecodePart reverses it.
func (p *Part) AppendBinary(b []byte) []byte { return p.append(b, 0) }

// append writes offsets relative to what came before: small numbers, short.
func (p *Part) append(b []byte, from int64) []byte {
	attachment := byte(0)
	if p.Attachment {
		attachment = 1
	}
	b = append(b, byte(p.Kind)<<4|byte(p.Encoding)<<1|attachment)
	for _, n := range []int64{p.Header - from, p.Body - p.Header, p.End - p.Body, p.Lines, p.DecodedSize} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	for _, s := range []string{p.Type, p.Charset, p.Filename} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	if p.Kind == Leaf {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(p.Children)))
	for i := range p.Children {
		b = p.Children[i].append(b, p.Header)
	}
	return b
}

var errDamagedPart = errors.New("stored part structure is damaged")

// DecodePart reads what AppendBinary wrote. It fails on damaged input.
func DecodePart(b []byte) (*Part, error) {
	d := partDecoder{rest: b}
	p := new(Part)
	d.part(p, 0, 0)
	if d.failed || len(d.rest) > 0 {
		return nil, errDamagedPart
	}
	return p, nil
}

type partDecoder struct {
	rest   []byte
	failed bool
}

func (d *partDecoder) number() int64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 || n > 1<<40 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return int64(n)
}

func (d *partDecoder) string() string {
	n := d.number()
	if n > int64(len(d.rest)) {
		d.failed = true
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

func (d *partDecoder) part(p *Part, from int64, depth int) {
	if d.failed || len(d.rest) == 0 || depth > 2*MaxDepth {
		d.failed = true
		return
	}
	first := d.rest[0]
	d.rest = d.rest[1:]
	p.Kind, p.Encoding, p.Attachment = Kind(first>>4), Encoding(first>>1&7), first&1 != 0
	p.Header = from + d.number()
	p.Body = p.Header + d.number()
	p.End = p.Body + d.number()
	p.Lines, p.DecodedSize = d.number(), d.number()
	p.Type, p.Charset, p.Filename = d.string(), d.string(), d.string()
	if p.Kind > Embedded || p.Encoding > UnknownEncoding {
		d.failed = true
	}
	if p.Kind == Leaf || d.failed {
		return
	}
	n := d.number()
	if n == 0 || n > int64(len(d.rest)) || p.Kind == Embedded && n != 1 {
		d.failed = true
		return
	}
	p.Children = make([]Part, 0, min(n, 64)) // grown as they turn out to be there
	for range n {
		var child Part
		d.part(&child, p.Header, depth+1)
		if d.failed {
			return
		}
		p.Children = append(p.Children, child)
	}
}

package message

import (
	"bytes"
	"strings"
)

// A node is a Part while it is being parsed, with what BODYSTRUCTURE tells of
// its header.
type node struct {
	Part
	mime     mimeHeader
	envelope []byte // of a message
	children []*node
}

// parser walks over a message once, line by line where boundaries are open.
type parser struct {
	raw   []byte
	pos   int64
	lines int64          // line ends before pos
	open  map[string]int // boundaries of the multiparts around pos: their depth
	parts int
}

// A delimiter is a boundary line that ended a part.
type delimiter struct {
	level int   // depth of its multipart; -1: the end of the message
	final bool  // closes the multipart
	start int64 // of the line
	lines int64 // line ends before it
}

// message parses a message that begins at pos: its header is the header of
// part 1, too.
func (p *parser) message(depth int) (*node, delimiter) {
	n, end := p.part(depth, "text/plain")
	n.envelope = collect(p.raw[n.Header:n.Body]).appendEnvelope(nil)
	return n, end
}

// part parses the header at pos and what follows, up to the delimiter that ends
// it, and moves behind that.
func (p *parser) part(depth int, defaultType string) (*node, delimiter) {
	p.parts++
	n := &node{Part: Part{Header: p.pos}}
	end, ended := p.header(n)
	n.mime = parseMIME(p.raw[n.Header:n.Body], defaultType)
	n.fillIn(depth)
	if ended { // a boundary inside the header
		n.End, n.Kind = n.Body, Leaf
		return n, end
	}
	first := p.lines
	switch n.Kind {
	case Multipart:
		end = p.multipart(n, depth)
	case Embedded:
		var child *node
		child, end = p.message(depth + 1)
		n.children = []*node{child}
		n.Children = []Part{child.Part}
	default:
		end = p.next()
	}
	p.close(n, end, first)
	return n, end
}

// header moves behind the empty line. A part may end before there is one.
func (p *parser) header(n *node) (delimiter, bool) {
	for p.pos < int64(len(p.raw)) {
		line := p.line()
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			p.advance(line)
			break
		}
		if d, ok := p.boundary(line); ok {
			n.Body = p.pos
			p.advance(line)
			return d, true
		}
		p.advance(line)
	}
	n.Body = p.pos
	return delimiter{}, false
}

// line returns the line at pos with its end.
func (p *parser) line() []byte {
	rest := p.raw[p.pos:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		return rest[:i+1]
	}
	return rest
}

func (p *parser) advance(line []byte) {
	p.pos += int64(len(line))
	if line[len(line)-1] == '\n' {
		p.lines++
	}
}

// maxBoundary is more than RFC 2046 section 5.1.1 allows (70); longer ones do
// not count.
const maxBoundary = 500

// boundary reports whether a line at pos is the delimiter of an open multipart.
func (p *parser) boundary(line []byte) (delimiter, bool) {
	if len(p.open) == 0 || len(line) < 3 || len(line) > maxBoundary+10 || line[0] != '-' || line[1] != '-' {
		return delimiter{}, false
	}
	name := bytes.TrimRight(line[2:], " \t\r\n")
	level, ok := p.open[string(name)]
	final := false
	if !ok {
		if name, final = bytes.CutSuffix(name, []byte("--")); !final {
			return delimiter{}, false
		}
		if level, ok = p.open[string(name)]; !ok {
			return delimiter{}, false
		}
	}
	return delimiter{level: level, final: final, start: p.pos, lines: p.lines}, true
}

// next moves behind the next delimiter, or to the end.
func (p *parser) next() delimiter {
	if len(p.open) == 0 || p.parts >= MaxParts {
		p.lines += int64(bytes.Count(p.raw[p.pos:], []byte{'\n'}))
		p.pos = int64(len(p.raw))
	}
	for p.pos < int64(len(p.raw)) {
		line := p.line()
		d, ok := p.boundary(line)
		p.advance(line)
		if ok {
			return d
		}
	}
	return delimiter{level: -1, start: p.pos, lines: p.lines}
}

// multipart parses the parts of n and its epilogue. It returns the delimiter of
// an outer multipart that ended it.
func (p *parser) multipart(n *node, depth int) delimiter {
	boundary := n.mime.boundary
	outer, shadowed := p.open[boundary]
	p.open[boundary] = depth
	end := p.next() // the preamble
	for end.level == depth && !end.final {
		var child *node
		child, end = p.part(depth+1, n.mime.childType())
		n.children = append(n.children, child)
	}
	delete(p.open, boundary)
	if shadowed {
		p.open[boundary] = outer
	}
	if end.level == depth {
		end = p.next() // the epilogue
	}
	if len(n.children) == 0 { // a structure without parts cannot be told
		at := Part{Header: end.start, Body: end.start, End: end.start, Type: "text/plain"}
		n.children = []*node{{Part: at, mime: parseMIME(nil, "text/plain")}}
	}
	n.Children = make([]Part, len(n.children))
	for i, child := range n.children {
		n.Children[i] = child.Part
	}
	return end
}

// close fills in what is known once a part's end is.
func (p *parser) close(n *node, end delimiter, first int64) {
	n.End, n.Lines = end.start, end.lines-first
	if end.level >= 0 && n.End > n.Body { // the line break belongs to the boundary
		n.End--
		n.Lines--
		if n.End > n.Body && p.raw[n.End-1] == '\r' {
			n.End--
		}
	}
	if n.Kind == Leaf {
		n.DecodedSize = decodedSize(p.raw[n.Body:n.End], n.Encoding)
	}
}

// fillIn takes over what the header says.
func (n *node) fillIn(depth int) {
	m := &n.mime
	n.Type, n.Encoding, n.Attachment = m.mediaType(), m.encoding(), m.disposition == "attachment"
	n.Filename = m.filename()
	if strings.HasPrefix(n.Type, "text/") {
		n.Charset = strings.ToLower(m.parameter("charset"))
	}
	switch {
	case m.kind == "multipart" && (m.boundary == "" || depth >= MaxDepth):
		m.makeOpaque()
		n.Type = m.mediaType()
	case m.kind == "multipart":
		n.Kind = Multipart
	case n.Type == "message/rfc822" || n.Type == "message/global":
		if n.Encoding != Identity || depth >= MaxDepth {
			m.makeOpaque()
			break
		}
		n.Kind = Embedded
	}
}

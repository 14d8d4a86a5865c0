package message

import (
	"bytes"
	"strings"
)

// A parameter of Content-Type or Content-Disposition, as it was sent but for
// quoting.
type parameter struct{ name, value string }

// mimeHeader is what a part's header says about its body, as it was sent.
type mimeHeader struct {
	kind, subtype     string // "text", "plain": as sent; kind lower case
	parameters        []parameter
	boundary          string
	id, description   []byte // nil when missing
	transfer          string // Content-Transfer-Encoding, "" when missing
	md5, location     []byte
	disposition       string // lower case
	dispositionParams []parameter
	languages         []string
	given             bool // Content-Type was there
}

// parseMIME reads the Content-* fields of a part's header.
func parseMIME(header []byte, defaultType string) mimeHeader {
	var m mimeHeader
	seen := make(map[string]bool, 8)
	for f := range fields(header) {
		if len(f.name) < 8 || len(f.name) > 32 || !bytes.EqualFold(f.name[:8], []byte("content-")) {
			continue
		}
		name := strings.ToLower(string(f.name[8:]))
		if seen[name] {
			continue
		}
		seen[name] = true
		m.take(name, unfold(f.value))
	}
	if m.kind == "" {
		kind, subtype, _ := strings.Cut(defaultType, "/")
		m.kind, m.subtype = kind, subtype
	}
	if m.kind == "multipart" {
		m.boundary = strings.TrimRight(m.parameter("boundary"), " \t")
	}
	return m
}

func (m *mimeHeader) take(name string, value []byte) {
	switch name {
	case "type":
		m.takeType(value)
	case "transfer-encoding":
		m.transfer = firstToken(value)
	case "disposition":
		s := scanner{rest: value}
		m.disposition = strings.ToLower(s.token())
		m.dispositionParams = s.parameters()
	case "id":
		m.id = bytes.Clone(value)
	case "description":
		m.description = bytes.Clone(value)
	case "md5":
		m.md5 = bytes.Clone(value)
	case "location":
		m.location = bytes.Clone(value)
	case "language":
		for tag := range bytes.SplitSeq(value, []byte(",")) {
			if language := firstToken(tag); language != "" && len(m.languages) < maxParameters {
				m.languages = append(m.languages, language)
			}
		}
	}
}

// takeType reads "type/subtype; name=value". What is no type at all counts as
// missing; parameters after one that is incomplete are still read.
func (m *mimeHeader) takeType(value []byte) {
	s := scanner{rest: value}
	kind := s.token()
	if kind == "" || !s.accept('/') {
		if strings.EqualFold(kind, "text") { // seen in the wild: plain "text"
			m.kind, m.subtype, m.parameters = "text", "plain", s.parameters()
		}
		return
	}
	subtype := s.token()
	if subtype == "" {
		return
	}
	m.kind, m.subtype, m.given = strings.ToLower(kind), subtype, true
	m.parameters = s.parameters()
}

// makeOpaque gives up on the structure of a part.
func (m *mimeHeader) makeOpaque() {
	m.kind, m.subtype, m.boundary = "application", "octet-stream", ""
}

func (m *mimeHeader) mediaType() string { return m.kind + "/" + strings.ToLower(m.subtype) }

// childType is the type of parts that have none (RFC 2046 section 5.1.5).
func (m *mimeHeader) childType() string {
	if strings.EqualFold(m.subtype, "digest") {
		return "message/rfc822"
	}
	return "text/plain"
}

func (m *mimeHeader) parameter(name string) string { return find(m.parameters, name) }

func find(parameters []parameter, name string) string {
	for _, p := range parameters {
		if strings.EqualFold(p.name, name) {
			return p.value
		}
	}
	return ""
}

func (m *mimeHeader) encoding() Encoding {
	switch strings.ToLower(m.transfer) {
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit":
		return Identity
	case "base64":
		return Base64
	case "quoted-printable":
		return QuotedPrintable
	}
	return UnknownEncoding
}

// filename is the decoded name of an attachment (RFC 2183, RFC 2231; encoded
// words are not allowed there, but common).
func (m *mimeHeader) filename() string {
	name := extended(m.dispositionParams, "filename")
	if name == "" {
		name = extended(m.parameters, "name")
	}
	return clip(name, 255)
}

// clip shortens a string to a number of bytes without cutting a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// scanner takes structured values apart.
type scanner struct{ rest []byte }

// skip passes over space and comments.
func (s *scanner) skip() {
	for len(s.rest) > 0 {
		switch s.rest[0] {
		case ' ', '\t':
			s.rest = s.rest[1:]
		case '(':
			_, s.rest = comment(s.rest)
		default:
			return
		}
	}
}

// token reads up to the next character that ends a token (RFC 2045 section
// 5.1); it is lenient about the others.
func (s *scanner) token() string {
	s.skip()
	n := bytes.IndexAny(s.rest, " \t()<>@,;:\\\"/=")
	if n < 0 {
		n = len(s.rest)
	}
	token := string(s.rest[:n])
	s.rest = s.rest[n:]
	return token
}

func firstToken(value []byte) string {
	s := scanner{rest: value}
	return s.token()
}

func (s *scanner) accept(b byte) bool {
	s.skip()
	if len(s.rest) == 0 || s.rest[0] != b {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// parameters reads "; name=value" until the end.
func (s *scanner) parameters() []parameter {
	var list []parameter
	for len(s.rest) > 0 && len(list) < maxParameters {
		i := bytes.IndexByte(s.rest, ';')
		if i < 0 {
			return list
		}
		s.rest = s.rest[i+1:]
		name := s.token()
		if name == "" || !s.accept('=') {
			continue
		}
		s.skip()
		list = append(list, parameter{name, s.value()})
	}
	return list
}

// value reads a quoted string or whatever stands before the next semicolon.
func (s *scanner) value() string {
	if len(s.rest) > 0 && s.rest[0] == '"' {
		value, rest := quoted(s.rest)
		s.rest = rest
		return string(value)
	}
	n := bytes.IndexByte(s.rest, ';')
	if n < 0 {
		n = len(s.rest)
	}
	value := s.rest[:n]
	s.rest = s.rest[n:]
	if i := bytes.IndexByte(value, '('); i > 0 {
		value = value[:i]
	}
	return string(bytes.TrimRight(value, " \t"))
}

// quoted reads a quoted string at the start of b, without quotes and escapes. A
// missing end quote is the end.
func quoted(b []byte) (value, rest []byte) {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '"':
			return value, b[i+1:]
		case '\\':
			if i++; i == len(b) {
				return value, nil
			}
		}
		value = append(value, b[i])
	}
	return value, nil
}

// comment reads a comment at the start of b, nested ones included, without its
// parentheses and escapes.
func comment(b []byte) (text, rest []byte) {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '(':
			if depth++; depth == 1 {
				continue
			}
		case ')':
			if depth--; depth == 0 {
				return text, b[i+1:]
			}
		case '\\':
			if i++; i == len(b) {
				return text, nil
			}
		}
		text = append(text, b[i])
	}
	return text, nil
}

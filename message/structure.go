package message

import (
	"strconv"
	"strings"
)

// appendStructure writes the BODYSTRUCTURE of a part with extension data (RFC
// 9051 section 7.5.2).
func appendStructure(b, raw []byte, n *node) []byte {
	s := structure{room: maxDetails}
	return s.append(b, n)
}

// structure counts how much of part headers may still be told: thousands of
// parts with long parameters must not make an answer of hundreds of megabytes.
type structure struct{ room int }

func (s *structure) append(b []byte, n *node) []byte {
	before := len(b)
	if s.room <= 0 {
		n.mime.parameters, n.mime.dispositionParams = nil, nil
		n.mime.id, n.mime.description, n.mime.md5, n.mime.location, n.mime.languages = nil, nil, nil, nil, nil
	}
	if n.Kind == Multipart {
		return s.appendMultipart(b, n)
	}
	b = append(b, '(')
	b = n.appendBasic(b)
	s.room -= len(b) - before
	switch {
	case n.Kind == Embedded:
		b = append(b, ' ')
		b = append(b, n.children[0].envelope...)
		b = append(b, ' ')
		b = s.append(b, n.children[0])
		b = appendNumber(b, n.Lines)
	case n.mime.kind == "text":
		b = appendNumber(b, n.Lines)
	}
	b = append(b, ' ')
	b = appendNString(b, n.mime.md5)
	b = n.appendExtension(b)
	return append(b, ')')
}

func (s *structure) appendMultipart(b []byte, n *node) []byte {
	b = append(b, '(')
	for _, child := range n.children {
		b = s.append(b, child)
	}
	before := len(b)
	b = append(b, ' ')
	b = appendString(b, strings.ToUpper(n.mime.subtype))
	b = append(b, ' ')
	b = appendParameters(b, n.mime.parameters)
	b = n.appendExtension(b)
	s.room -= len(b) - before
	return append(b, ')')
}

// appendBasic writes type, subtype, parameters, id, description, encoding, size.
func (n *node) appendBasic(b []byte) []byte {
	m := &n.mime
	b = appendString(b, strings.ToUpper(m.kind))
	b = append(b, ' ')
	b = appendString(b, strings.ToUpper(m.subtype))
	b = append(b, ' ')
	if !m.given && m.kind == "text" && len(m.parameters) == 0 {
		b = append(b, `("CHARSET" "US-ASCII")`...) // RFC 2045 section 5.2
	} else {
		b = appendParameters(b, m.parameters)
	}
	b = append(b, ' ')
	b = appendNString(b, m.id)
	b = append(b, ' ')
	b = appendNString(b, m.description)
	b = append(b, ' ')
	encoding := strings.ToUpper(m.transfer)
	if encoding == "" {
		encoding = "7BIT"
	}
	b = appendString(b, encoding)
	return appendNumber(b, n.End-n.Body)
}

// appendExtension writes disposition, language and location.
func (n *node) appendExtension(b []byte) []byte {
	m := &n.mime
	b = append(b, ' ')
	if m.disposition == "" {
		b = append(b, "NIL"...)
	} else {
		b = append(b, '(')
		b = appendString(b, strings.ToUpper(m.disposition))
		b = append(b, ' ')
		b = appendParameters(b, m.dispositionParams)
		b = append(b, ')')
	}
	b = append(b, ' ')
	switch len(m.languages) {
	case 0:
		b = append(b, "NIL"...)
	default:
		for i, language := range m.languages {
			b = append(b, separator(i))
			b = appendString(b, language)
		}
		b = append(b, ')')
	}
	b = append(b, ' ')
	return appendNString(b, m.location)
}

func appendNumber(b []byte, n int64) []byte {
	b = append(b, ' ')
	return strconv.AppendInt(b, n, 10)
}

// BodyOf turns BODYSTRUCTURE wire bytes into those of BODY, which has no
// extension data (RFC 9051 section 7.5.2).
func BodyOf(bodystructure []byte) []byte {
	w := wireReader{rest: bodystructure}
	b := make([]byte, 0, len(bodystructure))
	return w.appendBody(b)
}

// wireReader takes apart what appendStructure wrote.
type wireReader struct{ rest []byte }

// appendBody copies a body without its extension data.
func (w *wireReader) appendBody(b []byte) []byte {
	elements := w.list()
	b = append(b, '(')
	keep := 0
	switch {
	case len(elements) == 0:
		return append(b, ')')
	case elements[0][0] == '(': // parts, then the subtype
		for keep < len(elements) && elements[keep][0] == '(' {
			part := wireReader{rest: elements[keep]}
			b = part.appendBody(b)
			keep++
		}
		b = append(b, ' ')
		b = append(b, elements[min(keep, len(elements)-1)]...)
		return append(b, ')')
	case isType(elements, `"MESSAGE"`, `"RFC822"`), isType(elements, `"MESSAGE"`, `"GLOBAL"`):
		keep = 10
	case isType(elements, `"TEXT"`, ""):
		keep = 8
	default:
		keep = 7
	}
	for i, element := range elements[:min(keep, len(elements))] {
		if i > 0 {
			b = append(b, ' ')
		}
		if keep == 10 && i == 8 {
			part := wireReader{rest: element}
			b = part.appendBody(b)
			continue
		}
		b = append(b, element...)
	}
	return append(b, ')')
}

func isType(elements [][]byte, kind, subtype string) bool {
	return len(elements) > 8 && string(elements[0]) == kind && (subtype == "" || string(elements[1]) == subtype && elements[7][0] == '(')
}

// list returns the elements of the parenthesised list at the start.
func (w *wireReader) list() (elements [][]byte) {
	if len(w.rest) == 0 || w.rest[0] != '(' {
		return nil
	}
	w.rest = w.rest[1:]
	for len(w.rest) > 0 && w.rest[0] != ')' {
		if w.rest[0] == ' ' {
			w.rest = w.rest[1:]
			continue
		}
		n := elementLength(w.rest)
		elements = append(elements, w.rest[:n])
		w.rest = w.rest[n:]
	}
	return elements
}

// elementLength measures an atom, quoted string, literal or list.
func elementLength(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return min(i+1, len(b))
			}
		case '{':
			end := i + strings.IndexByte(string(b[i:min(i+24, len(b))]), '\n')
			if end < i {
				return len(b)
			}
			n, err := strconv.Atoi(strings.TrimRight(string(b[i+1:end]), "}\r"))
			if err != nil || n < 0 || n > len(b)-end-1 {
				return len(b)
			}
			if i = end + n; depth == 0 {
				return i + 1
			}
		case ' ':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

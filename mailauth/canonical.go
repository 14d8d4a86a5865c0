package mailauth

import (
	"bytes"
	"hash"
	"strings"
)

const (
	simple  = "simple"
	relaxed = "relaxed"
)

// canonicalField writes a header field as it is signed (RFC 6376 section 3.4),
// with CRLF at its end.
func canonicalField(algorithm string, raw []byte) []byte {
	if algorithm == simple {
		return raw
	}
	name, value, _ := bytes.Cut(raw, []byte(":"))
	b := bytes.ToLower(bytes.TrimRight(name, " \t"))
	b = append(b, ':')
	for i, word := range bytes.FieldsFunc(value, isSpace) {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, word...)
	}
	return append(b, "\r\n"...)
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

var crlf = []byte("\r\n")

// hashBody adds a body to a hash as it is signed.
func hashBody(h hash.Hash, algorithm string, body []byte) {
	empty := 0 // lines held back: those at the end do not count
	wrote := false
	for len(body) > 0 {
		line := body
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			line = body[:i+1]
		}
		body = body[len(line):]
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if algorithm == relaxed {
			line = relaxedLine(line)
		}
		if len(line) == 0 {
			empty++
			continue
		}
		for ; empty > 0; empty-- {
			h.Write(crlf)
		}
		h.Write(line)
		h.Write(crlf)
		wrote = true
	}
	if !wrote && algorithm == simple {
		h.Write(crlf) // RFC 6376 section 3.4.3: an empty body is one line end
	}
}

// relaxedLine makes each run of white space one space and drops the last one.
func relaxedLine(line []byte) []byte {
	line = bytes.TrimRight(line, " \t")
	if !bytes.ContainsRune(line, '\t') && !bytes.Contains(line, []byte("  ")) {
		return line
	}
	b := make([]byte, 0, len(line))
	for i, c := range line {
		switch {
		case c != ' ' && c != '\t':
			b = append(b, c)
		case i == 0 || line[i-1] != ' ' && line[i-1] != '\t':
			b = append(b, ' ')
		}
	}
	return b
}

// withoutSignature takes the value out of the b= tag of a signature field,
// leaving everything else as it is (RFC 6376 section 3.5).
func withoutSignature(raw []byte) []byte {
	start := bytes.IndexByte(raw, ':') + 1
	for start < len(raw) {
		end := start + bytes.IndexByte(raw[start:], ';')
		if end < start {
			end = len(raw)
		}
		name, value, found := bytes.Cut(raw[start:end], []byte("="))
		if found && strings.TrimFunc(string(name), isSpace) == "b" {
			from := end - len(value)
			if end == len(raw) { // the line end is the field's, not the value's
				end = len(bytes.TrimRight(raw, "\r\n"))
			}
			return bytes.Join([][]byte{raw[:from], raw[max(from, end):]}, nil)
		}
		start = end + 1
	}
	return raw
}

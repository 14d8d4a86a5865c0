package mailauth

import (
	"bytes"
	"strings"
)

// A field of a header, whole, as it came.
type field struct {
	name string // in lower case
	raw  []byte // with its line ends
}

// value is what stands behind the colon, folding included.
func (f field) value() string {
	_, value, _ := strings.Cut(string(f.raw), ":")
	return value
}

// A mail is a message taken apart for canonicalization.
type mail struct {
	fields []field
	body   []byte
	tooBig bool // the header is beyond what is looked at
}

// split takes a raw message apart. What cannot be a field is passed over: it is
// in no signature.
func split(raw []byte) mail {
	var m mail
	for at := 0; at < len(raw); {
		end := fieldEnd(raw, at)
		whole := raw[at:end]
		if len(bytes.TrimRight(whole, "\r\n")) == 0 {
			m.body = raw[end:]
			break
		}
		if end > maxHeader || len(m.fields) >= maxFields {
			m.tooBig = true
			break
		}
		if name, _, found := bytes.Cut(whole, []byte(":")); found {
			m.fields = append(m.fields, field{strings.ToLower(string(bytes.TrimRight(name, " \t"))), whole})
		}
		at = end
	}
	return m
}

// fieldEnd is the offset behind the line at start and those that continue it.
func fieldEnd(raw []byte, start int) int {
	for at := start; ; {
		i := bytes.IndexByte(raw[at:], '\n')
		if i < 0 {
			return len(raw)
		}
		at += i + 1
		if at == len(raw) || raw[at] != ' ' && raw[at] != '\t' {
			return at
		}
		if len(bytes.TrimRight(raw[start:at], "\r\n")) == 0 { // the empty line is not continued
			return at
		}
	}
}

// all returns the fields of a name, from the top.
func (m mail) all(name string) []field {
	var list []field
	for _, f := range m.fields {
		if f.name == name {
			list = append(list, f)
		}
	}
	return list
}

// pick returns the fields that an h= names, in its order: each mention takes the
// next one from the bottom (RFC 6376 section 5.4.2). A name that is mentioned
// more often than it is there takes nothing.
func (m mail) pick(names []string) []field {
	below := map[string][]field{}
	for _, f := range m.fields {
		below[f.name] = append(below[f.name], f)
	}
	var list []field
	for _, name := range names {
		left := below[name]
		if n := len(left); n > 0 {
			list = append(list, left[n-1])
			below[name] = left[:n-1]
		}
	}
	return list
}

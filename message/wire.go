package message

import (
	"strconv"
	"strings"
)

// maxQuoted is the longest string written with quotes.
const maxQuoted = 1000

// appendString writes an IMAP string: quoted, or a literal where quotes cannot
// hold it (RFC 9051 section 4.3). NULs are left out: no IMAP string has any.
func appendString[S string | []byte](b []byte, s S) []byte {
	plain, escapes, nuls := true, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			escapes++
		case c == 0:
			nuls++
		case c == '\r' || c == '\n' || c >= 0x80:
			plain = false
		}
	}
	if plain && len(s) <= maxQuoted {
		return appendQuoted(b, s)
	}
	b = append(b, '{')
	b = strconv.AppendInt(b, int64(len(s)-nuls), 10)
	b = append(b, "}\r\n"...)
	for i := range len(s) {
		if s[i] != 0 {
			b = append(b, s[i])
		}
	}
	return b
}

func appendQuoted[S string | []byte](b []byte, s S) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch s[i] {
		case '"', '\\':
			b = append(b, '\\')
		case 0:
			continue
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// appendNString writes NIL for what is missing.
func appendNString(b, s []byte) []byte {
	if s == nil {
		return append(b, "NIL"...)
	}
	return appendString(b, s)
}

// appendNonEmpty writes NIL for what is empty.
func appendNonEmpty(b []byte, s []byte) []byte {
	if len(s) == 0 {
		return append(b, "NIL"...)
	}
	return appendString(b, s)
}

func appendParameters(b []byte, list []parameter) []byte {
	if len(list) == 0 {
		return append(b, "NIL"...)
	}
	for i, p := range list {
		b = append(b, separator(i))
		b = appendString(b, strings.ToUpper(p.name))
		b = append(b, ' ')
		b = appendString(b, p.value)
	}
	return append(b, ')')
}

// separator opens a list before its first element.
func separator(i int) byte {
	if i == 0 {
		return '('
	}
	return ' '
}

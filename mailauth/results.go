package mailauth

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Field is the verdict as an Authentication-Results field (RFC 8601), CRLF
// included, in the name of authserv.
func (v *Verdict) Field(authserv string) []byte {
	return append([]byte("Authentication-Results: "), v.results(authserv)...)
}

// results is the content of the field. What it repeats of a stranger's words is
// made harmless by value.
func (v *Verdict) results(authserv string) []byte {
	b := []byte(authserv)
	add := func(method string, result Result, comment string, properties ...string) {
		b = fmt.Appendf(b, ";\r\n\t%s=%s", method, result)
		if comment != "" {
			b = fmt.Appendf(b, " (%s)", comment)
		}
		for i := 0; i < len(properties); i += 2 {
			if properties[i+1] != "" {
				b = fmt.Appendf(b, "\r\n\t\t%s=%s", properties[i], value(properties[i+1]))
			}
		}
	}
	if v.SPF.Sender != "" {
		add("spf", v.SPF.Result, "", "smtp.mailfrom", v.SPF.Sender)
	} else {
		add("spf", v.SPF.Result, "", "smtp.helo", v.SPF.Helo)
	}
	if len(v.DKIM) == 0 {
		add("dkim", None, "")
	}
	for _, d := range v.DKIM {
		add("dkim", d.Result, "", "reason", d.Reason, "header.d", d.Domain, "header.s", d.Selector,
			"header.a", d.Algorithm, "header.b", d.Signature)
	}
	comment := ""
	if v.DMARC.Policy != "" {
		comment = fmt.Sprintf("p=%s dis=%s", v.DMARC.Policy, v.DMARC.Disposition)
	}
	add("dmarc", v.DMARC.Result, comment, "reason", v.DMARC.Reason, "header.from", v.DMARC.From)
	if v.ARC.Result != None {
		add("arc", v.ARC.Result, fmt.Sprintf("i=%d", v.ARC.Sets), "reason", v.ARC.Reason)
	}
	return append(b, crlf...)
}

// value writes a property: as it is where that is safe, else as a quoted string
// of what can be printed, cut off where nobody reads on.
func value(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	safe := func(r rune) bool {
		return r < utf8.RuneSelf && (strings.ContainsRune("@.-_+/=", r) ||
			r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return !safe(r) }) {
		return s
	}
	var q strings.Builder
	q.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			q.WriteByte('\\')
			q.WriteRune(r)
		case r >= ' ' && r != 0x7f && r != utf8.RuneError:
			q.WriteRune(r)
		}
	}
	q.WriteByte('"')
	return q.String()
}

// WithoutForged returns a message in pieces, without the Authentication-Results
// that claim to be ours: whoever reads them later must be able to believe them
// (RFC 8601 section 5). Those that nobody can read go too. One piece is raw
// itself.
func WithoutForged(raw []byte, authserv string) [][]byte {
	var pieces [][]byte
	kept := 0
	for at := 0; at < len(raw); {
		end := fieldEnd(raw, at)
		whole := raw[at:end]
		if len(bytes.TrimRight(whole, "\r\n")) == 0 {
			break
		}
		if claims(whole, authserv) {
			pieces = append(pieces, raw[kept:at])
			kept = end
		}
		at = end
	}
	pieces = append(pieces, raw[kept:])
	if len(pieces) == 1 {
		return pieces
	}
	var filled [][]byte
	for _, p := range pieces {
		if len(p) > 0 {
			filled = append(filled, p)
		}
	}
	return filled
}

// claims reports whether a field is an Authentication-Results in our name.
func claims(whole []byte, authserv string) bool {
	name, content, _ := bytes.Cut(whole, []byte(":"))
	if !strings.EqualFold(string(bytes.TrimRight(name, " \t")), "Authentication-Results") {
		return false
	}
	id, ok := authservID(string(content))
	return !ok || strings.EqualFold(strings.TrimSuffix(id, "."), strings.TrimSuffix(authserv, "."))
}

// authservID reads the name at the beginning of the field: a word or a quoted
// string, after white space and comments.
func authservID(s string) (string, bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case depth > 0 && c == '\\':
			i++
		case c == '(':
			depth++
		case depth > 0:
			if c == ')' {
				depth--
			}
		case isSpace(rune(c)):
		case c == '"':
			return quotedWord(s[i+1:])
		default:
			word := s[i:]
			if end := strings.IndexAny(word, "; \t\r\n("); end >= 0 {
				word = word[:end]
			}
			return word, word != ""
		}
	}
	return "", false
}

func quotedWord(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", false
}

package smtpd

import (
	"strings"
)

// parsePath reads the argument of MAIL or RCPT: keyword ("FROM:" or "TO:"), a
// path in angle brackets, and parameters. The mailbox in the path is returned as
// it was sent, "" for <>; a source route before it is passed over (RFC 5321
// appendix C). Spaces after the colon are borne: some clients send them.
func parsePath(args, keyword string) (mailbox, params string, err error) {
	if len(args) < len(keyword) || !strings.EqualFold(args[:len(keyword)], keyword) {
		return "", "", refuse(501, "5.5.4", "expected %s<address>", keyword)
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(args[len(keyword):], " "), "<")
	end := pathEnd(rest)
	if !ok || end < 0 {
		return "", "", refuse(501, "5.5.4", "expected %s<address>, with the angle brackets", keyword)
	}
	mailbox, params = rest[:end], rest[end+1:]
	if params != "" && params[0] != ' ' {
		return "", "", refuse(501, "5.5.4", "expected a space after the angle bracket")
	}
	if strings.HasPrefix(mailbox, "@") {
		_, mailbox, ok = strings.Cut(mailbox, ":")
		if !ok || mailbox == "" {
			return "", "", refuse(501, "5.1.7", "there is no address behind the source route")
		}
	}
	return mailbox, params, nil
}

// pathEnd is where the closing bracket stands that is not within quotes; below
// zero when there is none.
func pathEnd(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '>' && !quoted:
			return i
		}
	}
	return -1
}

// A parameter is one of MAIL or RCPT (RFC 5321 section 4.1.2, esmtp-param).
type parameter struct {
	key      string // in capitals
	value    string
	hasValue bool
}

// parseParameters reads what stands behind a path. None may come twice.
func parseParameters(text string) ([]parameter, error) {
	var list []parameter
	seen := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		key, value, has := strings.Cut(word, "=")
		p := parameter{strings.ToUpper(key), value, has}
		if !isKeyword(key) || has && !isValue(value) {
			return nil, refuse(501, "5.5.4", "malformed parameter %.40s; expected KEY or KEY=VALUE", word)
		}
		if seen[p.key] {
			return nil, refuse(501, "5.5.4", "parameter %.40s came twice", p.key)
		}
		seen[p.key] = true
		list = append(list, p)
	}
	return list, nil
}

func isKeyword(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (c != '-' || i == 0) {
			return false
		}
	}
	return s != ""
}

// isValue is esmtp-value, widened by RFC 6531 section 3.3.
func isValue(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '=' || r == 0x7f })
}

// isXtext is xtext of RFC 3461 section 4: printable ASCII in which + begins a
// byte in two capital hexadecimal digits.
func isXtext(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 2
		case c < '!' || c > '~' || c == '=':
			return false
		}
	}
	return s != ""
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' }

// isASCII reports whether a mailbox needs no SMTPUTF8.
func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' })
}

// unknownParameter refuses one (RFC 5321 section 4.1.1.11).
func unknownParameter(p parameter) error {
	return refuse(555, "5.5.4", "no such parameter here: %.40s", p.key)
}

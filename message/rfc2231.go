package message

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// extended returns a parameter's decoded value: name*0, name*1* ... joined and
// percent-decoded by the charset named first (RFC 2231), or a plain one, in
// which encoded words are decoded too.
func extended(parameters []parameter, name string) string {
	segments := make(map[int]segment)
	for _, p := range parameters {
		rest, ok := cutPrefixFold(p.name, name)
		if !ok {
			continue
		}
		if rest == "" {
			return decodeField([]byte(p.value))
		}
		if number, encoded, ok := parseSegment(rest); ok {
			segments[number] = segment{p.value, encoded}
		}
	}
	return join(segments)
}

// A segment is a piece of a continued parameter.
type segment struct {
	value   string
	encoded bool
}

// parseSegment reads "*", "*0" or "*0*".
func parseSegment(s string) (number int, encoded, ok bool) {
	if s, ok = strings.CutPrefix(s, "*"); !ok {
		return 0, false, false
	}
	if s == "" {
		return 0, true, true
	}
	s, encoded = strings.CutSuffix(s, "*")
	number, err := strconv.Atoi(s)
	return number, encoded, err == nil && number >= 0
}

func join(segments map[int]segment) string {
	var raw strings.Builder
	charset := ""
	for i := 0; ; i++ {
		s, ok := segments[i]
		if !ok {
			break
		}
		value := s.value
		if i == 0 && s.encoded {
			if parts := strings.SplitN(value, "'", 3); len(parts) == 3 {
				charset, value = parts[0], parts[2]
			}
		}
		if s.encoded {
			value = unescapePercent(value)
		}
		raw.WriteString(value)
	}
	return toUTF8([]byte(raw.String()), charset)
}

// unescapePercent leaves broken escapes as they are.
func unescapePercent(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if octet, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.Write(octet)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

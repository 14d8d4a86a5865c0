package wire

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Modified UTF-7 (RFC 3501 section 5.1.3): printable US-ASCII stands for
// itself, "&-" for "&", and all else is UTF-16BE in base64 with "," for "/"
// between "&" and "-".

var (
	errUTF7 = errors.New("not modified UTF-7")
	errUTF8 = errors.New("not UTF-8")
)

func utf7Encoding() *base64.Encoding {
	return base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").
		WithPadding(base64.NoPadding).Strict()
}

// EncodeUTF7 encodes a UTF-8 name. Invalid UTF-8 becomes U+FFFD.
func EncodeUTF7(name string) string {
	var out strings.Builder
	for len(name) > 0 {
		i := strings.IndexFunc(name, func(r rune) bool { return !isDirect(r) })
		if i < 0 {
			i = len(name)
		}
		out.WriteString(strings.ReplaceAll(name[:i], "&", "&-"))
		name = name[i:]
		if i = strings.IndexFunc(name, isDirect); i < 0 {
			i = len(name)
		}
		if i > 0 {
			out.WriteString("&" + encodeShifted(name[:i]) + "-")
		}
		name = name[i:]
	}
	return out.String()
}

func isDirect(r rune) bool { return r >= ' ' && r <= '~' }

func encodeShifted(s string) string {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = append(b, byte(u>>8), byte(u))
	}
	return utf7Encoding().EncodeToString(b)
}

// DecodeUTF7 decodes a name to UTF-8. What EncodeUTF7 would not write (8-bit
// bytes, control characters, shifts that are not closed or not needed) is an
// error, so that a name has one encoded form.
func DecodeUTF7(name string) (string, error) {
	var out strings.Builder
	shifted := false // the last thing was a shift, which a next one would have continued
	for len(name) > 0 {
		if name[0] != '&' {
			if !isDirect(rune(name[0])) {
				return "", errUTF7
			}
			out.WriteByte(name[0])
			name, shifted = name[1:], false
			continue
		}
		code, rest, closed := strings.Cut(name[1:], "-")
		if !closed {
			return "", errUTF7
		}
		name = rest
		if code == "" {
			out.WriteByte('&')
			shifted = false
			continue
		}
		text, err := decodeShifted(code)
		if err != nil || shifted {
			return "", errUTF7
		}
		out.WriteString(text)
		shifted = true
	}
	return out.String(), nil
}

func decodeShifted(code string) (string, error) {
	b, err := utf7Encoding().DecodeString(code)
	if err != nil || len(b)%2 != 0 {
		return "", errUTF7
	}
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) > 0; b = b[2:] {
		units = append(units, uint16(b[0])<<8|uint16(b[1]))
	}
	text := string(utf16.Decode(units))
	// Half a surrogate pair, say, does not come back as it was.
	if strings.ContainsFunc(text, isDirect) || encodeShifted(text) != code {
		return "", errUTF7
	}
	return text, nil
}

func checkUTF8(s string) error {
	if !utf8.ValidString(s) {
		return errUTF8
	}
	return nil
}

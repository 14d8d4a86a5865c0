package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"
)

// decoderFor returns what turns a charset into UTF-8. Names that nobody knows,
// and those that are often a lie, are guessed: UTF-8 where it is valid, else
// windows-1252, byte by byte.
func decoderFor(charset string) transform.Transformer {
	name := strings.ToLower(strings.Trim(charset, " \t\"'"))
	switch name {
	case "", "us-ascii", "ascii", "utf-8", "utf8", "unknown-8bit", "binary", "8bit", "default":
		return guess{}
	case "utf-7", "unicode-1-1-utf-7":
		return &utf7{}
	case "cp932", "ms932":
		name = "shift_jis"
	case "cp936":
		name = "gbk"
	case "cp949":
		name = "euc-kr"
	}
	if strings.HasPrefix(name, "cp125") {
		name = "windows-" + name[2:]
	}
	e, err := htmlindex.Get(name)
	if err != nil || e == encoding.Replacement {
		return guess{}
	}
	return e.NewDecoder()
}

// toUTF8 converts a string of bytes.
func toUTF8(raw []byte, charset string) string {
	text, _, err := transform.Bytes(decoderFor(charset), raw)
	if err != nil {
		text, _, _ = transform.Bytes(guess{}, raw)
	}
	return string(text)
}

// guess passes valid UTF-8 on and reads every other byte as windows-1252.
type guess struct{ transform.NopResetter }

func (guess) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		r, size := utf8.DecodeRune(src[nSrc:])
		if r == utf8.RuneError && size == 1 {
			if !atEOF && !utf8.FullRune(src[nSrc:]) {
				return nDst, nSrc, transform.ErrShortSrc
			}
			r = charmap.Windows1252.DecodeByte(src[nSrc])
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}

// utf7 decodes UTF-7 (RFC 2152). Broken sequences pass as they are.
type utf7 struct{ shifted []byte }

func (u *utf7) Reset() { u.shifted = nil }

// maxShift bounds a shifted sequence; real ones are short.
const maxShift = 1024

func (u *utf7) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		n, out, err := u.unit(src[nSrc:], atEOF)
		if err != nil {
			return nDst, nSrc, err
		}
		if nDst+len(out) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += copy(dst[nDst:], out)
		nSrc += n
	}
	return nDst, nSrc, nil
}

// unit decodes one character, or one shifted sequence.
func (u *utf7) unit(src []byte, atEOF bool) (n int, out []byte, err error) {
	if src[0] != '+' {
		return 1, src[:1], nil
	}
	end := 1
	for end < len(src) && end < maxShift && isBase64(src[end]) {
		end++
	}
	if end == len(src) && end < maxShift && !atEOF {
		return 0, nil, transform.ErrShortSrc
	}
	n = end
	if n < len(src) && src[n] == '-' {
		n++
	}
	if end == 1 {
		return n, []byte("+"), nil
	}
	octets, err := base64.RawStdEncoding.DecodeString(string(src[1 : 1+(end-1)/4*4+(end-1)%4]))
	if err != nil {
		return n, src[:n], nil
	}
	units := make([]uint16, len(octets)/2)
	for i := range units {
		units[i] = uint16(octets[2*i])<<8 | uint16(octets[2*i+1])
	}
	return n, []byte(string(utf16.Decode(units))), nil
}

func isBase64(b byte) bool {
	return b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '+' || b == '/'
}

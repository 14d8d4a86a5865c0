package message

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// CollationKey turns a text into what i;unicode-casemap compares, byte by byte
// (RFC 5051 section 2): each character in title case, decomposed. It is for
// sorting; AppendFold, which folds further, is for finding.
func CollationKey(text string) string {
	plain := true
	for i := 0; i < len(text) && plain; i++ {
		plain = text[i] < utf8.RuneSelf
	}
	if plain {
		return strings.ToUpper(text)
	}
	return norm.NFKD.String(strings.Map(unicode.ToTitle, text))
}

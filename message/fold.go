package message

import (
	"bytes"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// AppendFold appends text to dst in the form in which texts are compared:
// without differences of case (full case folding), of width and other
// compatibility forms, and of composed against combining characters (NFKD);
// invisible joiners and soft hyphens are left out. An accent still counts, as
// with i;unicode-casemap (RFC 5051): "Müller" does not contain "Muller".
//
// A text contains another, for SEARCH and its index alike, if its folded form
// contains the other's. Text may be folded in pieces that end before an ASCII
// character. What is not UTF-8 passes unchanged.
func AppendFold(dst, text []byte) []byte {
	for len(text) > 0 {
		n := 0
		for n < len(text) && text[n] < utf8.RuneSelf {
			n++
		}
		dst = appendLower(dst, text[:n])
		text = text[n:]
		for n = 0; n < len(text) && text[n] >= utf8.RuneSelf; n++ {
		}
		dst = appendFoldedRun(dst, text[:n])
		text = text[n:]
	}
	return dst
}

// Fold is AppendFold for strings.
func Fold(text string) string { return string(AppendFold(nil, []byte(text))) }

func appendLower(dst, ascii []byte) []byte {
	start := len(dst)
	dst = append(dst, ascii...)
	for i, b := range dst[start:] {
		if 'A' <= b && b <= 'Z' {
			dst[start+i] = b + ('a' - 'A')
		}
	}
	return dst
}

// beforeMarks is where the combining marks begin. Below, each character folds
// by itself, since there are no marks whose order could matter.
const beforeMarks = 0x300

// foldedLetters holds the folded forms of what European text consists of.
var foldedLetters = sync.OnceValue(func() *[beforeMarks]string {
	var table [beforeMarks]string
	for r := rune(utf8.RuneSelf); r < beforeMarks; r++ {
		table[r] = string(foldUnicode([]byte(string(r))))
	}
	return &table
})

// appendFoldedRun folds a run without ASCII characters.
func appendFoldedRun(dst, run []byte) []byte {
	start, table := len(dst), foldedLetters()
	for i := 0; i < len(run); {
		r, size := utf8.DecodeRune(run[i:])
		if r >= beforeMarks {
			return append(dst[:start], foldUnicode(run)...)
		}
		dst = append(dst, table[r]...)
		i += size
	}
	return dst
}

// foldUnicode decomposes first, so that a fullwidth or script letter is seen as
// the letter that it stands for, and once more, since folding may put marks out
// of order.
func foldUnicode(run []byte) []byte {
	visible, cherokee := make([]byte, 0, len(run)), false
	for len(run) > 0 {
		r, size := utf8.DecodeRune(run)
		cherokee = cherokee || unicode.Is(unicode.Cherokee, r)
		if !isIgnorable(r) {
			visible = append(visible, run[:size]...)
		}
		run = run[size:]
	}
	folded := cases.Fold().Bytes(norm.NFKD.Bytes(visible))
	if cherokee {
		folded = bytes.Map(foldCherokee, folded)
	}
	return norm.NFKD.Bytes(folded)
}

// foldCherokee makes capitals of small letters: in this script alone those came
// first, so that texts fold to them (Unicode 8.0). The library exchanges the two.
func foldCherokee(r rune) rune {
	switch {
	case 0xAB70 <= r && r <= 0xABBF:
		return r - 0xAB70 + 0x13A0
	case 0x13F8 <= r && r <= 0x13FD:
		return r - 8
	}
	return r
}

// isIgnorable names characters that only guide a line break or the shaping of
// letters; newsletters strew them into words.
func isIgnorable(r rune) bool {
	switch r {
	case 0xAD, 0x34F, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF:
		return true
	}
	return false
}

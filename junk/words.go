package junk

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"letterbox/message"
)

// errEnough ends the reading of a text that is longer than what is looked at.
var errEnough = errors.New("enough was read")

// Words have so many letters; longer ones are noise or data.
const (
	minWord = 3
	maxWord = 24
)

// words notes the words of a text, folded, and each two in a row.
func (c *collector) words(kind string, text []byte) {
	last := ""
	for chunk := range strings.FieldsSeq(string(message.AppendFold(nil, text))) {
		if c.full() {
			return
		}
		if isLink(chunk) {
			c.link(chunk)
			last = ""
			continue
		}
		for _, word := range c.chunk(chunk) {
			c.add(kind, word)
			if script := scriptOf(word); script != "" {
				c.add(kind, script)
			}
			if last != "" {
				c.add(kind, last, " ", word)
			}
			last = word
		}
	}
}

// chunk takes what stands between spaces apart into words, and undoes what is
// done to words so that filters do not know them.
func (c *collector) chunk(chunk string) []string {
	if word, ok := plain(chunk); ok {
		return []string{word}
	}
	return c.closely(chunk)
}

// closely is chunk for those that are not plain.
func (c *collector) closely(chunk string) []string {
	if word, ok := spelled(chunk); ok { // v.i.a.g.r.a
		c.add("letters apart")
		return []string{word}
	}
	if local, domain, found := cutLast(chunk); found && local != "" && strings.Contains(domain, ".") { // an address
		c.domain("mailto:", strings.Trim(domain, `.,;:!?)>]"'`))
		return nil
	}
	if i := strings.IndexByte(chunk, '$'); i >= 0 && i+1 < len(chunk) && isDigit(chunk[i+1]) {
		return []string{"$" + strconv.Itoa(len(chunk))}
	}
	var found []string
	for piece := range strings.FieldsFuncSeq(chunk, func(r rune) bool { return !isWordRune(r) }) {
		word, disguised := unmask(piece)
		if disguised {
			c.add("disguised letters")
		}
		switch n := utf8.RuneCountInString(word); {
		case isNumber(word):
		case ideographic(word):
			found = append(found, pairs(word)...)
		case n >= minWord && n <= maxWord:
			found = append(found, word)
		case n > maxWord:
			c.add("long word")
		}
	}
	return found
}

// plain is the word of a chunk to which nothing was done: most of them.
func plain(chunk string) (word string, ok bool) {
	word = chunk
	if n := len(chunk) - 1; n >= 0 && strings.IndexByte(".,;:!?", chunk[n]) >= 0 {
		word = chunk[:n]
	}
	if len(word) < minWord || len(word) > maxWord {
		return "", false
	}
	for i := range len(word) {
		if !isLatin(word[i]) {
			return "", false
		}
	}
	return word, true
}

// isWordRune includes the signs that stand for letters in disguise.
func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || r == '\'' || r == '@' || r == '$' || r == '|'
}

func isNumber(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return !unicode.IsDigit(r) && r != '\'' && r != '$' && r != '@' && r != '|' }) < 0
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// spelled joins letters that signs keep apart.
func spelled(chunk string) (string, bool) {
	var b strings.Builder
	letters, alone := 0, 0
	for piece := range strings.FieldsFuncSeq(chunk, func(r rune) bool { return r == '.' || r == '-' || r == '_' || r == '*' || r == '~' }) {
		letters++
		if r, size := utf8.DecodeRuneInString(piece); size == len(piece) && unicode.IsLetter(r) {
			alone++
		}
		b.WriteString(piece)
	}
	return b.String(), letters >= 4 && alone == letters
}

// unmask takes accents off and puts Latin letters in the place of what looks like
// them: digits and signs between letters, Greek and Cyrillic among Latin ones.
func unmask(piece string) (word string, disguised bool) {
	piece = strings.Trim(piece, "'|")
	latin, other, signs := 0, 0, 0
	for _, r := range piece {
		switch {
		case 'a' <= r && r <= 'z':
			latin++
		case lookalike[r] != 0:
			if r < utf8.RuneSelf {
				signs++
			} else {
				other++
			}
		}
	}
	// "mp3" and "h2o" are words; "v1agra" and "pr0zac" have a sign between letters.
	disguised = other > 0 && latin > 0 || signs > 0 && latin > 2*signs && between(piece)
	var b strings.Builder
	for _, r := range piece {
		switch {
		case unicode.Is(unicode.Mn, r):
		case disguised && lookalike[r] != 0:
			b.WriteRune(lookalike[r])
		case r == '@' || r == '|':
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), disguised
}

// between reports whether a sign stands between letters.
func between(piece string) bool {
	for i := 1; i+1 < len(piece); i++ {
		if lookalike[rune(piece[i])] != 0 && isLatin(piece[i-1]) && isLatin(piece[i+1]) {
			return true
		}
	}
	return false
}

func isLatin(b byte) bool { return 'a' <= b && b <= 'z' }

// lookalike says which Latin letter somebody wants us to see.
var lookalike = map[rune]rune{
	'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', '$': 's', '|': 'l',
	'а': 'a', 'в': 'b', 'е': 'e', 'ѕ': 's', 'і': 'i', 'ј': 'j', 'к': 'k', 'м': 'm', 'н': 'h', 'о': 'o', 'р': 'p',
	'с': 'c', 'т': 't', 'у': 'y', 'х': 'x', 'ԁ': 'd', 'ԛ': 'q', 'ԝ': 'w', 'ѵ': 'v', 'һ': 'h', 'ո': 'n',
	'α': 'a', 'β': 'b', 'ε': 'e', 'η': 'n', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'χ': 'x', 'γ': 'y', 'ω': 'w',
	'ı': 'i', 'ɑ': 'a', 'ɡ': 'g', 'ɩ': 'i', 'ʀ': 'r', 'ɴ': 'n', 'ʟ': 'l',
}

// ideographic tells scripts that put no spaces between words.
func ideographic(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// scriptOf names the script that a word is in, "" for Latin: who knows nobody who
// writes it gets no mail in it either.
func scriptOf(word string) string {
	r, _ := utf8.DecodeRuneInString(word)
	switch {
	case r < utf8.RuneSelf || unicode.Is(unicode.Latin, r):
		return ""
	case unicode.Is(unicode.Cyrillic, r):
		return "cyrillic letters"
	case unicode.Is(unicode.Greek, r):
		return "greek letters"
	case unicode.In(r, unicode.Hiragana, unicode.Katakana):
		return "japanese letters"
	case unicode.Is(unicode.Han, r):
		return "chinese letters"
	case unicode.Is(unicode.Hangul, r):
		return "korean letters"
	case unicode.Is(unicode.Arabic, r):
		return "arabic letters"
	case unicode.Is(unicode.Hebrew, r):
		return "hebrew letters"
	case unicode.Is(unicode.Thai, r):
		return "thai letters"
	}
	return "other letters"
}

// pairs are each two characters in a row.
func pairs(word string) (list []string) {
	var last rune
	for i, r := range word {
		if i > 0 {
			list = append(list, string([]rune{last, r}))
		}
		last = r
	}
	return list
}

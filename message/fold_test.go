package message

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, equal := range [][]string{
		{"ascii", "ASCII", "aScIi", "ＡＳＣＩＩ"},
		{"Müller", "MÜLLER", "Mu\u0308ller", "mU\u0308ller"},
		{"straße", "STRASSE", "ſtraße"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", "σίσυφοσ"},
		{"ﬁnal", "FINAL"},
		{"カタカナ", "ｶﾀｶﾅ"},
		{"ガ", "ｶﾞ"},
		{"отпуск", "ОТПУСК"},
		{"ℌ", "h"},
		{"soft\u00adly", "softly", "sof\u200btly"},
		{"a\u0301\u0323", "a\u0323\u0301"},
	} {
		for _, s := range equal[1:] {
			if Fold(s) != Fold(equal[0]) {
				t.Errorf("Fold(%q) = %q, Fold(%q) = %q", s, Fold(s), equal[0], Fold(equal[0]))
			}
		}
	}
	for _, differ := range [][2]string{{"Müller", "Muller"}, {"が", "か"}, {"a", "b"}} {
		if Fold(differ[0]) == Fold(differ[1]) {
			t.Errorf("%q and %q fold to the same", differ[0], differ[1])
		}
	}
	if got := Fold("\xff\xfeA\x80"); !strings.Contains(got, "a") {
		t.Errorf("what is not UTF-8 took its neighbour along: %q", got)
	}
}

// Folding in pieces before ASCII characters is folding the whole: the search
// does it with long texts. And folding twice changes nothing: the index may
// hold what was folded before.
func FuzzFold(f *testing.F) {
	f.Add("Grüße, ＡＢＣ ſ\u0345\u0301 ℌ\u200d\xff", 3)
	f.Fuzz(func(t *testing.T, s string, cut int) {
		whole := AppendFold(nil, []byte(s))
		if twice := AppendFold(nil, whole); utf8.ValidString(s) && !bytes.Equal(whole, twice) {
			t.Errorf("Fold(%q) = %q, and once more %q", s, whole, twice)
		}
		if cut < 0 || cut >= len(s) || s[cut] >= 0x80 {
			return
		}
		pieces := AppendFold(AppendFold(nil, []byte(s[:cut])), []byte(s[cut:]))
		if !bytes.Equal(whole, pieces) {
			t.Errorf("%q cut at %d: %q, whole %q", s, cut, pieces, whole)
		}
	})
}

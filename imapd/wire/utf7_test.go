package wire

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestUTF7(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, encoded string }{
		{"", ""},
		{"INBOX", "INBOX"},
		{"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"}, // RFC 3501 section 5.1.3
		{"A&B", "A&-B"},
		{"&&", "&-&-"},
		{"Entwürfe", "Entw&APw-rfe"},
		{"😀", "&2D3eAA-"},
		{"a\tb", "a&AAk-b"},
		{"\uFFFD", "&,,0-"},
	}
	for _, test := range tests {
		if got := EncodeUTF7(test.name); got != test.encoded {
			t.Errorf("EncodeUTF7(%q) is %q, want %q", test.name, got, test.encoded)
		}
		if got, err := DecodeUTF7(test.encoded); got != test.name || err != nil {
			t.Errorf("DecodeUTF7(%q) is %q, %v", test.encoded, got, err)
		}
	}
	for _, encoded := range []string{
		"&", "&AOQ", "ä", "a\x00", "a\x7f",
		"&AGE-",         // "a" needs no shift
		"&U,BTFw-&ZeU-", // one shift would do: RFC 3501 calls it superfluous
		"&2D0-",         // half a surrogate pair
		"&AOQA-",        // half a code unit
		"&AOR-",         // padding bits that are not zero
		"&U/BTFw-",      // the wrong alphabet
		"&AO\r\nQ-",
	} {
		if got, err := DecodeUTF7(encoded); err == nil {
			t.Errorf("DecodeUTF7(%q) is %q", encoded, got)
		}
	}
}

func FuzzUTF7(f *testing.F) {
	for _, seed := range []string{"INBOX", "&-", "&U,BTFw-/&ZeVnLIqe-", "&2D3eAA-", "Grüße & mehr", "&&"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if name, err := DecodeUTF7(s); err == nil && EncodeUTF7(name) != s {
			t.Errorf("%q decodes to %q, which encodes to %q", s, name, EncodeUTF7(name))
		}
		if !utf8.ValidString(s) {
			return
		}
		encoded := EncodeUTF7(s)
		if strings.ContainsFunc(encoded, func(r rune) bool { return !isDirect(r) }) {
			t.Errorf("%q encodes to %q", s, encoded)
		}
		if got, err := DecodeUTF7(encoded); got != s || err != nil {
			t.Errorf("%q encodes to %q, which decodes to %q, %v", s, encoded, got, err)
		}
	})
}

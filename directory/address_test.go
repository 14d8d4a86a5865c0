package directory

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64)
	label := strings.Repeat("b", 63)
	tests := []struct{ in, want string }{
		{"Ann@Home.Example", "Ann@home.example"},
		{"a.b-c_d+e@x.example", "a.b-c_d+e@x.example"},
		{"!#$%&'*+-/=?^_`{|}~@x.example", "!#$%&'*+-/=?^_`{|}~@x.example"},
		{`"ann"@x.example`, "ann@x.example"},
		{`"a\nn"@x.example`, "ann@x.example"},
		{`"ann lee"@x.example`, `"ann lee"@x.example`},
		{`"a@b"@x.example`, `"a@b"@x.example`},
		{`"a\"\\b"@x.example`, `"a\"\\b"@x.example`},
		{`"a..b"@x.example`, `"a..b"@x.example`},
		{"ann@localhost", "ann@localhost"},
		{"jürgen@bücher.example", "jürgen@xn--bcher-kva.example"},
		{"ju\u0308rgen@BU\u0308CHER.example", "jürgen@xn--bcher-kva.example"},
		{"почта@пример.испытание", "почта@xn--e1afmkfd.xn--80akhbyknj4f"},
		{"用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah"},
		{"ann@faß.example", "ann@xn--fa-hia.example"},
		{"ann@[192.0.2.1]", "ann@[192.0.2.1]"},
		{"ann@[ipv6:2001:DB8::0:1]", "ann@[IPv6:2001:db8::1]"},
		{long + "@x.example", long + "@x.example"},
		{"a@" + label + "." + label + "." + label + ".example", "a@" + label + "." + label + "." + label + ".example"},

		{"", ""},
		{"ann", ""},
		{"@x.example", ""},
		{"ann@", ""},
		{`""@x.example`, ""},
		{".ann@x.example", ""},
		{"ann.@x.example", ""},
		{"a..b@x.example", ""},
		{"ann lee@x.example", ""},
		{"a@b@x.example", ""},
		{`"ann@x.example`, ""},
		{`"ann"x@x.example`, ""},
		{"\"a\nb\"@x.example", ""},
		{"a\x00b@x.example", ""},
		{"a\u00a0b@x.example", ""},
		{"a\u037eb@x.example", ""}, // becomes a semicolon
		{"a\u202eb@x.example", ""}, // would turn the text around
		{"\"a\u2028b\"@x.example", ""},
		{"a\xffb@x.example", ""},
		{"ann@x..example", ""},
		{"ann@x.example.", ""},
		{"ann@-x.example", ""},
		{"ann@x y.example", ""},
		{"ann@x_y.example", ""},
		{"ann@[192.0.2.1", ""},
		{"ann@[192.0.2.256]", ""},
		{"ann@[2001:db8::1]", ""},
		{"ann@[IPv6:fe80::1%eth0]", ""},
		{"ann@[IPv6:192.0.2.1]", ""},
		{long + "a@x.example", ""},
		{`"` + strings.Repeat("a b", 21) + `"@x.example`, ""}, // 65 with its quotes
		{"a@" + label + "." + label + "." + label + "." + label, ""},
		{long + "@" + label + "." + label + "." + label, ""},
	}
	for _, test := range tests {
		a, err := ParseAddress(test.in)
		switch {
		case test.want == "" && !errors.Is(err, ErrBadAddress):
			t.Errorf("%q: %v, %v, want ErrBadAddress", test.in, a, err)
		case test.want != "" && (err != nil || a.String() != test.want):
			t.Errorf("%q: %v, %v, want %s", test.in, a, err, test.want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{
		"ann@home.example", `"a\"b c"@x.example`, "jürgen@bücher.example", "a@[IPv6:::1]",
		"İ@x.example", "\u212a@x.example", "a\u037e@x.example", "ǅ@xn--a.example", `"\`, "@", "a@\u3002b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			if !errors.Is(err, ErrBadAddress) || len(err.Error()) > 2000 {
				t.Fatalf("%q: error %v", s, err)
			}
			return
		}
		checkAddress(t, a)
		checkAddress(t, a.fold())
		if a.fold() != a.fold().fold() {
			t.Fatalf("%q: folds to %+v and then to %+v", s, a.fold(), a.fold().fold())
		}
	})
}

// checkAddress holds for every address: what it is written as gives it back,
// within the limits, without anything that would end a line or a word.
func checkAddress(t *testing.T, a Address) {
	t.Helper()
	s := a.String()
	again, err := ParseAddress(s)
	if err != nil || again != a {
		t.Fatalf("%+v is written %q and read as %+v, %v", a, s, again, err)
	}
	if len(s) > maxAddress || len(quoteLocal(a.Local)) > maxLocal {
		t.Fatalf("%q is too long", s)
	}
	if !utf8.ValidString(s) || !norm.NFC.IsNormalString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		t.Fatalf("%q holds what it must not", s)
	}
	if strings.ContainsFunc(a.Domain, func(r rune) bool { return r > '~' || unicode.IsUpper(r) && a.Domain[0] != '[' }) {
		t.Fatalf("%q is not in A-labels", a.Domain)
	}
}

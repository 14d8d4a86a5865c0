package message

import (
	"slices"
	"strings"
	"testing"
)

func TestBaseSubject(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]string{
		"hello":                          "hello",
		"Re: hello":                      "hello+",
		"re:re: RE :hello":               "hello+",
		"Fwd: [list] Re[2]: hello (fwd)": "hello+",
		"[list] hello":                   "hello",
		"[list]":                         "[list]",
		"[a] [b]":                        "[b]",
		"[fwd: hello]":                   "hello+",
		"[Fwd: [list] Re: hello (fwd) ]": "hello+",
		"  two\t  words  ":               "two words",
		"Re: ":                           "+",
		"(fwd)":                          "+",
		"FW:":                            "+",
		"Regarding: tea":                 "Regarding: tea",
		"Forward: tea":                   "Forward: tea",
		"[a[b] c":                        "[a[b] c",
		"re [x] : y":                     "y+",
		"AW: tea":                        "AW: tea",
		"":                               "",
	} {
		base, reply := BaseSubject(subject)
		if reply {
			base += "+"
		}
		if base != want {
			t.Errorf("%q: %q, want %q", subject, base, want)
		}
	}
	if base, _ := BaseSubject(strings.Repeat("re: [a] (fwd)", 100_000)); len(base) > maxSubject {
		t.Errorf("%d bytes are left", len(base))
	}
}

// What is left has no prefix left.
func FuzzBaseSubject(f *testing.F) {
	f.Add("Re: [list] Fwd: [fwd: hello (fwd)]")
	f.Fuzz(func(t *testing.T, subject string) {
		base, reply := BaseSubject(subject)
		if again, more := BaseSubject(base); again != base || more {
			t.Errorf("%q: %q, and once more %q", subject, base, again)
		}
		if len(base) == len(subject) && reply {
			t.Errorf("%q: a reply, but nothing was removed", subject)
		}
	})
}

func TestCollationKey(t *testing.T) {
	t.Parallel()
	order := []string{"", "1", "anna", "Anna b", "A_", "b", "ßb", "漢"}
	for i := 1; i < len(order); i++ {
		if a, b := CollationKey(order[i-1]), CollationKey(order[i]); a >= b {
			t.Errorf("%q (%q) is not before %q (%q)", order[i-1], a, order[i], b)
		}
	}
	for text, want := range map[string]string{
		"u\u0308nder": "U\u0308NDER",
		"Ünder":       "U\u0308NDER",
		"\u01c4":      "Dz\u030c", // the example of RFC 5051
		"\u01c6x":     "Dz\u030cX",
	} {
		if got := CollationKey(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSortFields(t *testing.T) {
	t.Parallel()
	f := ReadSortFields(unix("From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>, other@example.org\nTo: \"b.c\"@example.net, d@e\nCc: Group: x@y;\n" +
		"Subject: Re: [a] =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nDate: Mon, 23 Nov 2026 10:00:00 +0100\nMessage-ID: <\"1\"@example.org>\n" +
		"References: none\nIn-Reply-To: <0@example.org> <x@y>\n\n"))
	for _, c := range [][2]string{
		{f.From, "J"}, {f.FromName, CollationKey("jürgen")}, {f.To, "B.C"}, {f.ToName, "B.C@EXAMPLE.NET"}, {f.Cc, "GROUP"},
		{f.Subject, CollationKey("grüße")}, {f.MessageID, "1@example.org"}, {f.Date.UTC().Format("15:04"), "09:00"},
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
	if !f.Reply || !slices.Equal(f.References, []string{"0@example.org"}) {
		t.Errorf("%+v", f)
	}
	if f := ReadSortFields(nil); f.Subject != "" || f.FromName != "" || f.References != nil || !f.Date.IsZero() {
		t.Errorf("of nothing: %+v", f)
	}
}

// FuzzSortFields: any header has some.
func FuzzSortFields(f *testing.F) {
	f.Add([]byte("From: \"a\" <b@c>\nTo: x:;\nReferences: <a@b> <\"c\"@d>\nDate: x\n\n"))
	f.Fuzz(func(t *testing.T, header []byte) {
		if fields := ReadSortFields(header); len(fields.References) > maxReferences {
			t.Errorf("%d references", len(fields.References))
		}
	})
}

package imapd

import (
	"bufio"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"letterbox/imapd/wire"
)

// decoderOf reads arguments of a command from a text.
func decoderOf(text string) *wire.Decoder {
	d := wire.NewDecoder(afterSignIn(1 << 20))
	d.OnLiteral = func(int64, bool) error { return nil }
	d.Attach(bufio.NewReader(strings.NewReader(text)))
	d.Begin()
	return d
}

func labelsOf(items []item) []string {
	var labels []string
	for _, it := range items {
		labels = append(labels, it.label)
	}
	return labels
}

func TestParseItems(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		want []string
	}{
		{"ALL", []string{"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"}},
		{"fast", []string{"FLAGS", "INTERNALDATE", "RFC822.SIZE"}},
		{"Full", []string{"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"}},
		{"body", []string{"BODY"}},
		{"(UID body.peek[])", []string{"UID", "BODY[]"}},
		{"BODY[TEXT]<5.10>", []string{"BODY[TEXT]<5>"}},
		{"(BODY[1.2.MIME] BODY[3.HEADER] BODY[4.1.TEXT])", []string{"BODY[1.2.MIME]", "BODY[3.HEADER]", "BODY[4.1.TEXT]"}},
		{"body[header.fields (From x-Other {4}\r\na\"\\b)]", []string{`BODY[HEADER.FIELDS (From x-Other "ab")]`}},
		{`BODY[1.HEADER.FIELDS.NOT ("from" "a b")]<0.1>`, []string{`BODY[1.HEADER.FIELDS.NOT (from "a b")]<0>`}},
		{"(BINARY[1]<2.3> BINARY.PEEK[] BINARY.SIZE[2.1])", []string{"BINARY[1]<2>", "BINARY[]", "BINARY.SIZE[2.1]"}},
		{"(RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)", []string{"RFC822", "RFC822.HEADER", "RFC822.TEXT", "RFC822.SIZE"}},
		{"(PREVIEW (LAZY) SAVEDATE PREVIEW EMAILID THREADID)", []string{"PREVIEW", "SAVEDATE", "PREVIEW", "EMAILID", "THREADID"}},
		{"PREVIEW (LAZY)", []string{"PREVIEW"}},
	} {
		d := decoderOf(tc.in + "\r\n")
		items := parseItems(d)
		if err := d.End(); err != nil {
			t.Errorf("%s: %v", tc.in, err)
		} else if diff := cmp.Diff(tc.want, labelsOf(items)); diff != "" {
			t.Errorf("%s: %s", tc.in, diff)
		}
	}
	for _, in := range []string{
		"", "()", "NONSENSE", "(ALL)", "(FLAGS FAST)", "FLAGS UID", "(FLAGS  UID)",
		"BODY[", "BODY[]<1>", "BODY[]<1.0>", "BODY[]<1.2", "BODY[0]", "BODY[1..2]", "BODY[1.]", "BODY[.1]",
		"BODY[MIME]", "BODY[1.BODY]", "BODY[HEADER.FIELDS]", "BODY[HEADER.FIELDS ()]", "BODY[HEADER.FIELDS (A]",
		"BINARY[TEXT]", "BINARY[1.MIME]", "BINARY.SIZE[1]<0.1>", "RFC822[]", "PREVIEW (EAGER)",
		"BODY[" + strings.Repeat("1.", maxPath) + "1]",
	} {
		d := decoderOf(in + "\r\n")
		parseItems(d)
		if err := d.End(); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
}

func TestItemsSetSeen(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"BODY[]": true, "BODY.PEEK[]": false, "BINARY[1]": true, "BINARY.PEEK[1]": false, "BINARY.SIZE[1]": false,
		"RFC822": true, "RFC822.TEXT": true, "RFC822.HEADER": false, "BODY": false, "ENVELOPE": false,
	} {
		if got := parseItems(decoderOf(in + "\r\n"))[0].seen; got != want {
			t.Errorf("%s sets \\Seen: %v", in, got)
		}
	}
}

// What is accepted is repeated in a form that means the same.
func FuzzFetchItems(f *testing.F) {
	for _, in := range []string{
		"ALL", "(FLAGS UID BODY[])", "BODY.PEEK[1.2.HEADER.FIELDS (A \"b c\")]<1.2>", "PREVIEW (LAZY)", "BINARY.SIZE[1]",
		"(BODY[HEADER.FIELDS.NOT ({3}\r\nabc)] RFC822.TEXT)",
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		d := decoderOf(in + "\r\n")
		items := parseItems(d)
		if d.End() != nil {
			return
		}
		for i := range items {
			items[i].columns()
			items[i].body()
			if items[i].kind != itemSection || items[i].partial != nil {
				continue
			}
			d := decoderOf(items[i].label + "\r\n")
			again := parseItems(d)
			if err := d.End(); err != nil || again[0].label != items[i].label {
				t.Errorf("%q became %q, and that %v (%v)", in, items[i].label, labelsOf(again), err)
			}
		}
	})
}

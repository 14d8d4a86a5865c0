package smtpd

import (
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, mailbox, params string }{
		{"FROM:<a@b>", "a@b", ""},
		{"from: <a@b>  SIZE=1", "a@b", "  SIZE=1"},
		{"FROM:<>", "", ""},
		{"FROM:<> BODY=7BIT", "", " BODY=7BIT"},
		{"FROM:<@x,@y:a@b>", "a@b", ""},
		{`FROM:<"a>b"@c> X`, `"a>b"@c`, " X"},
		{`FROM:<"a\">b"@c>`, `"a\">b"@c`, ""},
		{"FROM:<postmaster>", "postmaster", ""},
	} {
		mailbox, params, err := parsePath(test.args, "FROM:")
		if err != nil || mailbox != test.mailbox || params != test.params {
			t.Errorf("%s: %q, %q, %v", test.args, mailbox, params, err)
		}
	}
	for _, args := range []string{
		"", "FROM", "FROM:", "FROM:a@b", "FROM:<a@b", "TO:<a@b>", "FROM :<a@b>", `FROM:<"a@b>`,
		"FROM:<a@b>SIZE=1", "FROM:<@x>", "FROM:<@x:>", "FROM:\t<a@b>",
	} {
		if mailbox, _, err := parsePath(args, "FROM:"); err == nil {
			t.Errorf("%s: took %q", args, mailbox)
		}
	}
}

// FuzzPath: what is taken is within what came, and whoever reads it again reads
// the same.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		"FROM:<a@b> SIZE=1", `FROM: <"a>b\""@c> BODY=8BITMIME X`, "FROM:<@x,@y:a@b>", "FROM:<>", "FROM:<ä@ö> ORCPT=utf-8;ä",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, args string) {
		mailbox, text, err := parsePath(args, "FROM:")
		if err != nil {
			return
		}
		if !strings.HasSuffix(args, mailbox+">"+text) {
			t.Errorf("%q and %q are not what %q ends in", mailbox, text, args)
		}
		again, _, err := parsePath("FROM:<"+mailbox+">", "FROM:")
		if !strings.HasPrefix(mailbox, "@") && (err != nil || again != mailbox) {
			t.Errorf("%q reads as %q, %v", mailbox, again, err)
		}
		params, err := parseParameters(text)
		if err != nil {
			return
		}
		for _, p := range params {
			if p.key == "" || p.key != strings.ToUpper(p.key) || strings.ContainsAny(p.value, " =") {
				t.Errorf("parameter %+v in %q", p, text)
			}
		}
	})
}

package wire

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

func encode(write func(*Encoder)) (string, error) {
	var out bytes.Buffer
	var e Encoder
	e.Attach(bufio.NewWriter(&out))
	write(&e)
	err := e.Flush()
	return out.String(), err
}

func TestEncoder(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxQuoted+1)
	tests := []struct {
		name  string
		write func(*Encoder)
		want  string
	}{
		{"quoted", func(e *Encoder) { e.String("plain") }, `"plain"`},
		{"empty", func(e *Encoder) { e.String("") }, `""`},
		{"escapes", func(e *Encoder) { e.String(`a"b\`) }, `"a\"b\\"`},
		{"line end", func(e *Encoder) { e.String("a\r\nb") }, "{4}\r\na\r\nb"},
		{"8 bit", func(e *Encoder) { e.String("ä") }, "{2}\r\nä"},
		{"8 bit as UTF-8", func(e *Encoder) { e.UTF8 = true; e.String("ä") }, `"ä"`},
		{"not UTF-8", func(e *Encoder) { e.UTF8 = true; e.String("\xff") }, "{1}\r\n\xff"},
		{"long", func(e *Encoder) { e.String(long) }, "{4097}\r\n" + long},
		{"nil", func(e *Encoder) { e.NString("", false) }, "NIL"},
		{"not nil", func(e *Encoder) { e.NString("", true) }, `""`},
		{"mailbox", func(e *Encoder) { e.Mailbox("Entwürfe&") }, `"Entw&APw-rfe&-"`},
		{"mailbox as UTF-8", func(e *Encoder) { e.UTF8 = true; e.Mailbox("Entwürfe&") }, `"Entwürfe&"`},
		{"flags", func(e *Encoder) { e.Flags([]imap.Flag{`\Seen`, "x"}) }, `(\Seen x)`},
		{"number", func(e *Encoder) { e.Number(1<<64 - 1) }, "18446744073709551615"},
		{"date", func(e *Encoder) {
			e.DateTime(time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", -90*60)))
		}, `" 4-Mar-2026 05:06:07 -0130"`},
		{"status", func(e *Encoder) { e.Status("a1", "NO", "NONEXISTENT", "gone") }, "a1 NO [NONEXISTENT] gone\r\n"},
		{"status cannot be split", func(e *Encoder) { e.Status("a1", "NO", "", "no \"x\r\na2 OK\"") }, "a1 NO no \"x??a2 OK\"\r\n"},
	}
	for _, test := range tests {
		if got, err := encode(test.write); got != test.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", test.name, got, err, test.want)
		}
	}
}

func TestLiteralWriter(t *testing.T) {
	t.Parallel()
	write := func(size int64, binary bool, pieces ...string) (string, error) {
		return encode(func(e *Encoder) {
			w := e.Literal
			if binary {
				w = e.Literal8
			}
			l := w(size)
			for _, p := range pieces {
				_, _ = l.Write([]byte(p))
			}
			_ = l.Close()
		})
	}
	if got, err := write(5, false, "ab", "cde"); got != "{5}\r\nabcde" || err != nil {
		t.Errorf("literal is %q, %v", got, err)
	}
	if got, err := write(1, true, "\x00"); got != "~{1}\r\n\x00" || err != nil {
		t.Errorf("literal8 is %q, %v", got, err)
	}
	// A stream that no longer holds what was announced must not go on.
	for _, pieces := range [][]string{{"abcd"}, {"abc", "def"}} {
		if _, err := write(5, false, pieces...); !errors.Is(err, errLiteralSize) {
			t.Errorf("%q as 5 octets: %v", pieces, err)
		}
	}
}

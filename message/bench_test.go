package message

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// typical is a letter of about 8 kB with three Received lines.
func typical() []byte {
	var b strings.Builder
	for i := range 3 {
		fmt.Fprintf(&b, "Received: from mx%d.example.org (mx%d.example.org [192.0.2.%d])\n\tby in.example.net with ESMTPS id 00ff;\n\tMon, 23 Nov 2026 10:00:00 +0100\n", i, i, i)
	}
	b.WriteString("From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\nTo: Anna <anna@example.net>\nSubject: Re: the garden\nDate: Mon, 23 Nov 2026 10:00:00 +0100\n" +
		"Message-ID: <1@example.org>\nReferences: <0@example.org>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n")
	b.WriteString(strings.Repeat("A line of text about roses, rain and the price of potatoes in May.\n", 110))
	return unix(b.String())
}

func BenchmarkParse(b *testing.B) {
	large := unix("Content-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n" +
		strings.Repeat(strings.Repeat("QUJD", 19)+"\n", 13000) + "--x--\n")
	for name, raw := range map[string][]byte{"8kB": typical(), "1MB": large} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				Parse(raw)
			}
		})
	}
}

// TestParseIsLinear compares the allocations of a message and of one ten times
// its size, for input made to be expensive.
func TestParseIsLinear(t *testing.T) {
	for name, make := range map[string]func(n int) []byte{
		"nested multiparts": func(n int) []byte {
			var b bytes.Buffer
			for i := range n / 10 {
				fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
			}
			return b.Bytes()
		},
		"nested messages": func(n int) []byte { return bytes.Repeat([]byte("Content-Type: message/rfc822\r\n\r\n"), n) },
		"parts": func(n int) []byte {
			return append([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n"), bytes.Repeat([]byte("--b\r\n\r\nx\r\n"), n)...)
		},
		"addresses":            func(n int) []byte { return []byte("To: " + strings.Repeat("a@b, ", n) + "\r\n\r\n") },
		"beginnings of words":  func(n int) []byte { return []byte("Subject: " + strings.Repeat("=?a?q? ", n) + "\r\n\r\n") },
		"parentheses":          func(n int) []byte { return []byte("From: " + strings.Repeat("(", n) + "\r\n\r\n") },
		"groups":               func(n int) []byte { return []byte("To: " + strings.Repeat("a:;", n) + "\r\n\r\n") },
		"parameters":           func(n int) []byte { return []byte("Content-Type: a/b" + strings.Repeat("; a=b", n) + "\r\n\r\n") },
		"prefixes of subjects": func(n int) []byte { return []byte("Subject: " + strings.Repeat("re: ", n) + "\r\n\r\n") },
	} {
		small, large := make(1000), make(10_000)
		few := testing.AllocsPerRun(3, func() { Parse(small) })
		many := testing.AllocsPerRun(3, func() { Parse(large) })
		if many > 12*few+1000 {
			t.Errorf("%s: %.0f allocations for %d bytes, %.0f for %d", name, few, len(small), many, len(large))
		}
	}
}

// TestMonsters: what nobody sends, read all the same.
func TestMonsters(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string][]byte{
		"a header line of 10 MB":  []byte("Subject: " + strings.Repeat("x", 10<<20) + "\r\n\r\nbody"),
		"a folded header of 1 MB": []byte("Subject:" + strings.Repeat(" x\r\n", 1<<18) + "\r\nbody"),
		"200,000 parts":           append([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n"), bytes.Repeat([]byte("--b\r\n\r\nx\r\n"), 200_000)...),
		"1,000 levels": func() []byte {
			var b bytes.Buffer
			for i := range 1000 {
				fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
			}
			return b.Bytes()
		}(),
		"base64 of 20 MB": append([]byte("Content-Transfer-Encoding: base64\r\n\r\n"), bytes.Repeat([]byte("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\r\n"), 500_000)...),
	} {
		t.Run(name, func(t *testing.T) { check(t, raw) })
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	var deep bytes.Buffer
	for i := range 300 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	depth := 0
	for p := &Parse(deep.Bytes()).Root; len(p.Children) > 0; p = &p.Children[0] {
		depth++
	}
	if depth != MaxDepth {
		t.Errorf("%d levels, want %d", depth, MaxDepth)
	}
	many := append([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n"), bytes.Repeat([]byte("--b\r\n\r\nx\r\n"), 2*MaxParts)...)
	root := Parse(many).Root
	if n := len(root.Children); n != MaxParts-1 {
		t.Errorf("%d parts, want %d", n, MaxParts-1)
	}
	if last := root.Children[len(root.Children)-1]; last.End != int64(len(many)) {
		t.Errorf("the last part ends at %d of %d: something is lost", last.End, len(many))
	}
}

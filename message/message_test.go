package message

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// unix makes line ends CRLF.
func unix(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

const nested = `From: "Anna \"A\" Berg" <anna@example.org>
To: Team: ben@example.org, =?utf-8?q?J=C3=BCrgen?= <j@example.org>;, lost
Cc: <@relay.example:route@example.org>, joe@example.org (Joe)
Subject: =?utf-8?b?R3LDvA==?=
 =?utf-8?b?w59l?= from here
Date: Mon, 23 Nov 2026 10:00:00 +0100
Message-ID: <1@example.org>
References: <a@example.org> <b@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: multipart/alternative; boundary=outer-inner

--outer-inner
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe=
 an alle
--outer-inner
Content-Type: text/html

<style>p{}</style><p>Hello <b>w</b>orld &amp; all</p>
--outer-inner--
--outer
Content-Type: message/rfc822

Subject: inside

Embedded text.
--outer
Content-Type: application/pdf; name=plan.pdf
Content-Disposition: attachment; filename*=utf-8''Pl%C3%A4ne.pdf
Content-Transfer-Encoding: base64

SGVsbG8=
--outer--
epilogue
`

func TestParse(t *testing.T) {
	t.Parallel()
	raw := unix(nested)
	m := Parse(raw)
	wantEnvelope := `("Mon, 23 Nov 2026 10:00:00 +0100" "=?utf-8?b?R3LDvA==?= =?utf-8?b?w59l?= from here" ` +
		`(("Anna \"A\" Berg" NIL "anna" "example.org")) (("Anna \"A\" Berg" NIL "anna" "example.org")) (("Anna \"A\" Berg" NIL "anna" "example.org")) ` +
		`((NIL NIL "Team" NIL)(NIL NIL "ben" "example.org")("=?utf-8?q?J=C3=BCrgen?=" NIL "j" "example.org")(NIL NIL NIL NIL)(NIL NIL "lost" "")) ` +
		`((NIL "@relay.example" "route" "example.org")("Joe" NIL "joe" "example.org")) NIL NIL "<1@example.org>")`
	if got := string(m.Envelope); got != wantEnvelope {
		t.Errorf("envelope\n%s\nwant\n%s", got, wantEnvelope)
	}
	wantBody := `((("TEXT" "PLAIN" ("CHARSET" "iso-8859-1") NIL NIL "QUOTED-PRINTABLE" 20 1)("TEXT" "HTML" NIL NIL NIL "7BIT" 53 0) "ALTERNATIVE")` +
		`("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 33 (NIL "inside" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 14 0) 2)` +
		`("APPLICATION" "PDF" ("NAME" "plan.pdf") NIL NIL "BASE64" 8) "MIXED")`
	if got := string(BodyOf(m.BodyStructure)); got != wantBody {
		t.Errorf("body\n%s\nwant\n%s", got, wantBody)
	}
	if m.Subject != "Grüße from here" || m.Preview != "Grüße an alle" || len(m.References) != 2 || m.Date.IsZero() {
		t.Errorf("subject %q, preview %q, references %q, date %v", m.Subject, m.Preview, m.References, m.Date)
	}
	for path, want := range map[string]string{
		"1.1": "Gr=FC=DFe=\r\n an alle", "1.2": "<style>p{}</style><p>Hello <b>w</b>orld &amp; all</p>",
		"2": "Subject: inside\r\n\r\nEmbedded text.", "2.1": "Embedded text.", "3": "SGVsbG8=",
	} {
		part := m.Root.Find(section(path))
		if part == nil || string(raw[part.Body:part.End]) != want {
			t.Errorf("part %s is %+v, want %q", path, part, want)
		}
	}
	if p := m.Root.Find([]int{3}); p.Filename != "Pläne.pdf" || !p.Attachment || p.DecodedSize != 5 {
		t.Errorf("attachment is %+v", p)
	}
	if m.Root.Find([]int{4}) != nil || m.Root.Find([]int{3, 1}) != nil {
		t.Error("found a part that is not there")
	}
	var text strings.Builder
	if err := WriteText(&text, raw, &m.Root, true); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Fields(text.String()), "Grüße an alle Hello world & all Subject: inside Embedded text. Pläne.pdf"; strings.Join(got, " ") != want {
		t.Errorf("text %q, want %q", got, want)
	}
	decoded, err := DecodePart(m.Root.AppendBinary(nil))
	if err != nil || fmt.Sprintf("%+v", *decoded) != fmt.Sprintf("%+v", m.Root) {
		t.Errorf("tree comes back as %+v, %v", decoded, err)
	}
}

func section(s string) (path []int) {
	for field := range strings.SplitSeq(s, ".") {
		var n int
		fmt.Sscan(field, &n)
		path = append(path, n)
	}
	return path
}

func TestBrokenMessages(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, raw string }{
		{"empty", ""},
		{"only a line end", "\r\n"},
		{"no empty line", "Subject: x"},
		{"no header", "\r\nbody"},
		{"nuls", "Subject: a\x00b\r\n\r\n\x00\x00"},
		{"bare CR", "Subject: a\rb\r\r\rbody"},
		{"multipart without boundary", "Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\n"},
		{"multipart without parts", "Content-Type: multipart/mixed; boundary=x\r\n\r\nnothing\r\n"},
		{"unterminated", "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x\r\nContent-Type: te"},
		{"boundary in a header", "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nSubject: y\r\n--x--\r\n"},
		{"embedded and empty", "Content-Type: message/rfc822\r\n\r\n"},
		{"quotes without end", "From: \"a <b@c\r\nContent-Type: text/plain; name=\"x\r\n\r\n"},
		{"raw 8-bit", "Subject: \xff\xfe\r\nFrom: \xe9 <\xe9@\xe9>\r\n\r\n\xff"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			check(t, []byte(test.raw))
		})
	}
}

// check holds what must be true of every input.
func check(t *testing.T, raw []byte) {
	t.Helper()
	m := Parse(raw)
	for name, wire := range map[string][]byte{"envelope": m.Envelope, "bodystructure": m.BodyStructure, "body": BodyOf(m.BodyStructure)} {
		if n := elementLength(wire); n != len(wire) || bytes.IndexByte(wire, 0) >= 0 {
			t.Fatalf("%s is not one list: %q", name, wire)
		}
	}
	checkPart(t, &m.Root, 0, int64(len(raw)), raw)
	if err := WriteText(io.Discard, raw, &m.Root, false); err != nil {
		t.Fatalf("text: %v", err)
	}
	encoded := m.Root.AppendBinary(nil)
	decoded, err := DecodePart(encoded)
	if err != nil || !bytes.Equal(decoded.AppendBinary(nil), encoded) {
		t.Fatalf("the tree does not come back: %v", err)
	}
	if n := len([]rune(m.Preview)); n > maxPreview {
		t.Fatalf("preview of %d characters", n)
	}
}

func checkPart(t *testing.T, p *Part, from, to int64, raw []byte) {
	t.Helper()
	if p.Header < from || p.Body < p.Header || p.End < p.Body || p.End > to || p.Lines < 0 {
		t.Fatalf("part %+v does not lie in %d-%d", p, from, to)
	}
	if p.Kind == Leaf {
		n, err := io.Copy(io.Discard, Decode(bytes.NewReader(raw[p.Body:p.End]), p.Encoding))
		if err != nil || n != p.DecodedSize {
			t.Fatalf("decodes to %d bytes (%v), announced %d", n, err, p.DecodedSize)
		}
		return
	}
	for i := range p.Children {
		checkPart(t, &p.Children[i], from, to, raw)
		from = p.Children[i].Header
	}
}

func FuzzParse(f *testing.F) {
	f.Add(unix(nested))
	f.Add([]byte("Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: y\n\n--x--"))
	f.Fuzz(func(t *testing.T, raw []byte) { check(t, raw) })
}

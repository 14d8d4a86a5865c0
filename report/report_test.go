package report

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"letterbox/message"
)

var update = flag.Bool("update", false, "write the golden files")

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// golden compares with a file, or writes it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		check(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what it was:\n%s", file, got)
	}
}

// TestRead reads reports as the great reporters write them.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"dmarc-1.xml", "dmarc-2.xml", "tls-1.json", "tls-2.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		check(t, err)
		d, err := Unpack(bytes.NewReader(text))
		check(t, err)
		got, err := json.MarshalIndent(d, "", " ")
		check(t, err)
		golden(t, file+".golden", append(got, '\n'))
	}
}

// TestWritten reads what is written here.
func TestWritten(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	dmarc := &DMARC{
		Metadata: Metadata{Organization: "home.example", Email: "reports@home.example", ID: "a1", Begin: begin.Unix(), End: begin.Unix() + 86399},
		Policy:   Policy{Domain: "far.example", DKIM: "r", SPF: "r", Own: "reject", Subdomain: "reject", Percent: 100},
		Records: []Record{{
			Source: "192.0.2.1", Count: 2, Disposition: "reject", DKIM: "fail", SPF: "fail", From: "far.example", Sender: "evil.example",
			Reasons: []Override{{"sampled_out", ""}},
			Senders: []AuthResult{{Domain: "evil.example", Scope: "mfrom", Result: "pass"}},
		}},
	}
	tls := &TLS{
		Organization: "home.example", Dates: Dates{begin, begin.Add(24*time.Hour - time.Second)}, Contact: "reports@home.example", ID: "b1",
		Policies: []TLSResult{{
			Policy:   TLSPolicy{Type: PolicySTS, String: list{"version: STSv1"}, Domain: "far.example", Hosts: list{"*.far.example"}},
			Summary:  TLSSummary{3, 1},
			Failures: []Failure{{Result: CertificateExpired, Host: "mx.far.example", Receiver: "2001:db8::1", Count: 1}},
		}},
	}
	for _, what := range []interface{ Encode() ([]byte, error) }{dmarc, tls} {
		text, err := what.Encode()
		check(t, err)
		golden(t, fmt.Sprintf("%T.golden", what)[len("*report."):], text)
		packed, err := Pack(text)
		check(t, err)
		letter := Letter{
			TLS: what == any(tls), Domain: "far.example", Submitter: "home.example", From: "reports@home.example",
			To: []string{"a@far.example", "b@far.example"}, ID: "20261124.far.example", Begin: begin, End: begin.Add(24*time.Hour - time.Second),
			Content: packed,
		}
		mail := letter.Compose(begin.Add(30 * time.Hour))
		letter.Content = []byte("what is in it depends on the version of gzip")
		golden(t, fmt.Sprintf("%T.eml", what)[len("*report."):], letter.Compose(begin.Add(30*time.Hour)))
		d, err := Open(mail)
		check(t, err)
		var again []byte
		if letter.TLS {
			again, err = d.TLS.Encode()
		} else {
			again, err = d.DMARC.Encode()
		}
		check(t, err)
		if !bytes.Equal(again, text) {
			t.Errorf("it was read as\n%s", again)
		}
		m := message.Parse(mail)
		if got := m.Root.Children[1].Filename; got != letter.Filename() {
			t.Errorf("the file is called %q", got)
		}
	}
}

// mailed is a mail with an attachment, encoded by base64 or not.
func mailed(kind string, body []byte) []byte {
	return fmt.Appendf(nil, "From: x@far.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nA report.\r\n--x\r\nContent-Type: %s\r\n\r\n%s\r\n--x--\r\n", kind, body)
}

func zipped(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range files {
		f, err := w.Create(name)
		check(t, err)
		_, err = f.Write(content)
		check(t, err)
	}
	check(t, w.Close())
	return b.Bytes()
}

// TestPacked finds a report however it comes.
func TestPacked(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/dmarc-1.xml")
	check(t, err)
	packed, err := Pack(text)
	check(t, err)
	for name, raw := range map[string][]byte{
		"bare":        mailed("text/xml", text),
		"gzip":        mailed("application/octet-stream", packed),
		"zip":         mailed("application/x-zip-compressed", zipped(t, map[string][]byte{"a!b!1!2.xml": text})),
		"zip, beside": mailed("application/zip", zipped(t, map[string][]byte{"readme": []byte("hello"), "x.xml": text})),
		"alone":       append([]byte("From: x@far.example\r\nContent-Type: application/gzip\r\n\r\n"), packed...),
		"BOM":         mailed("text/xml", append([]byte("\xef\xbb\xbf\r\n"), text...)),
		"latin-1":     mailed("text/xml", bytes.Replace(text, []byte("UTF-8"), []byte("ISO-8859-1"), 1)),
	} {
		d, err := Open(raw)
		if err != nil || d.DMARC == nil || len(d.DMARC.Records) != 2 {
			t.Errorf("%s: %+v, %v", name, d.DMARC, err)
		}
	}
}

// TestNone says what is wrong with what is no report.
func TestNone(t *testing.T) {
	t.Parallel()
	valid, err := os.ReadFile("testdata/dmarc-1.xml")
	check(t, err)
	packed, err := Pack(valid)
	check(t, err)
	without := func(part string) []byte { return bytes.ReplaceAll(valid, []byte(part), nil) }
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"no mail":       {nil, ErrNone.Error()},
		"a letter":      {[]byte("Subject: x\r\n\r\nHello\r\n"), ErrNone.Error()},
		"other xml":     {mailed("text/xml", []byte("<svg></svg>")), ErrNone.Error()},
		"half":          {mailed("text/xml", valid[:len(valid)/2]), "read DMARC report"},
		"half gzip":     {mailed("application/gzip", packed[:len(packed)/2]), "unexpected EOF"},
		"no id":         {mailed("text/xml", without("4117240837614538221")), "has no id"},
		"no time":       {mailed("text/xml", without("1763942400")), "about no time"},
		"no address":    {mailed("text/xml", without("192.0.2.25")), "about no address"},
		"no domain":     {mailed("text/xml", without("<domain>example.org</domain>\n    ")), "about no domain"},
		"negative":      {mailed("text/xml", bytes.Replace(valid, []byte(">41<"), []byte(">-41<"), 1)), "counts nonsense"},
		"empty json":    {mailed("application/json", []byte("{}")), "has no id"},
		"no zip at all": {mailed("application/zip", []byte("PK\x03\x04 and no more")), "unpack the report"},
	} {
		if _, err := Open(c.raw); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestBombs are stopped after what a report may have, however little they came as.
func TestBombs(t *testing.T) {
	t.Parallel()
	huge := append([]byte("<feedback><record>"), bytes.Repeat([]byte(" "), 2*maxPlain)...)
	packed, err := Pack(huge)
	check(t, err)
	twice, err := Pack(packed)
	check(t, err)
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"gzip":           {packed, ErrTooLarge},
		"zip":            {zipped(t, map[string][]byte{"x.xml": huge}), ErrTooLarge},
		"bare":           {huge, ErrTooLarge},
		"packed twice":   {twice, ErrNone},
		"json":           {append([]byte(`{"report-id":"`), huge...), ErrTooLarge},
		"a huge archive": {append([]byte("PK\x03\x04"), huge...), ErrTooLarge},
	} {
		if _, err := Unpack(bytes.NewReader(c.content)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestManyRecords takes the first ones.
func TestManyRecords(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/dmarc-1.xml")
	check(t, err)
	start, end := bytes.Index(text, []byte("  <record>")), bytes.Index(text, []byte("</feedback>"))
	one := []byte("<record><row><source_ip>192.0.2.1</source_ip><count>1</count></row></record>")
	d, err := Unpack(io.MultiReader(bytes.NewReader(text[:start]), bytes.NewReader(bytes.Repeat(one, maxRecords+5)), bytes.NewReader(text[end:])))
	check(t, err)
	if len(d.DMARC.Records) != maxRecords {
		t.Errorf("%d records", len(d.DMARC.Records))
	}
}

// TestHarmless keeps nothing of a text that could harm a log, a page or a header.
func TestHarmless(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" a\r\nb\x1b[31m ":           "a b [31m",
		"\u202eevil\u2066":           "evil",
		"\xff\x00":                   "?",
		strings.Repeat("ä", maxText): strings.Repeat("ä", maxText/2),
	} {
		if got := plain(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestDestinations reads what domains ask for.
func TestDestinations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Destination{
		"mailto:a@far.example":                                 {{Mail: "a@far.example"}},
		"mailto:a@far.example!10m, mailto:b@far.example!2K":    {{Mail: "a@far.example", Most: 10 << 20}, {Mail: "b@far.example", Most: 2 << 10}},
		"MAILTO:a%2Bx@far.example?subject=x":                   {{Mail: "a+x@far.example"}},
		"mailto:a@far.example!500":                             {{Mail: "a@far.example", Most: 500}},
		"mailto:a@far.example!9999999t":                        {{Mail: "a@far.example", Most: 1 << 62}},
		"mailto:a@far.example!x, mailto:, mailto:a@, ftp://x/": nil,
		"mailto:a@far.example%0d%0aBcc:x@y.example":            nil,
		"mailto:a@b@far.example":                               nil,
		"mailto:a@far.example,mailto:a@far.example":            {{Mail: "a@far.example"}},
		"https://far.example/x":                                {{Post: "https://far.example/x"}},
		"http://far.example/x,https://u:p@far.example/":        nil,
	} {
		got := Destinations(strings.Split(text, ","))
		for i := range got {
			if got[i].Most > 1<<61 {
				got[i].Most = 1 << 62
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %+v", text, got)
		}
	}
	for text, want := range map[string]int{
		"v=TLSRPTv1; rua=mailto:a@far.example,https://far.example/x": 2,
		"v=TLSRPTv1;rua=mailto:a@far.example":                        1,
		"v=TLSRPTv1\nv=TLSRPTv1; rua=mailto:a@far.example":           1,
		"v=TLSRPTv1; rua=mailto:a@x.example\nv=TLSRPTv1; rua=":       0,
		"v=spf1": 0,
	} {
		if got := TLSDestinations(strings.Split(text, "\n")); len(got) != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// FuzzOpen opens whatever comes. What it takes is within the limits, harmless, and
// can be written and read again.
func FuzzOpen(f *testing.F) {
	for _, file := range []string{"dmarc-1.xml", "dmarc-2.xml", "tls-1.json", "tls-2.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		check(f, err)
		packed, err := Pack(text)
		check(f, err)
		for _, content := range [][]byte{text, packed, zipped(f, map[string][]byte{"x": text})} {
			f.Add(mailed("application/octet-stream", content))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Open(raw)
		if err != nil {
			return
		}
		var text []byte
		if d.DMARC != nil {
			text, err = d.DMARC.Encode()
		} else {
			text, err = d.TLS.Encode()
		}
		check(t, err)
		again, err := Unpack(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if d.TLS != nil && again.TLS.Domain() != d.TLS.Domain() {
			t.Errorf("%q became %q", d.TLS.Domain(), again.TLS.Domain())
		}
		if d.DMARC != nil && len(again.DMARC.Records) != len(d.DMARC.Records) {
			t.Errorf("%d records became %d", len(d.DMARC.Records), len(again.DMARC.Records))
		}
	})
}

// FuzzDestinations takes no address that could be more than one in a header.
func FuzzDestinations(f *testing.F) {
	f.Add("mailto:a@far.example!10m,https://far.example/x")
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range Destinations(strings.Split(text, ",")) {
			if strings.ContainsAny(d.Mail, " \r\n\t<>,;") || d.Most < 0 || strings.ContainsAny(d.Post, "\r\n") {
				t.Errorf("%q gives %+v", text, d)
			}
		}
	})
}

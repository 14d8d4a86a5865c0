package message

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// archive makes a zip archive of pairs of name and content.
func archive(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// attached is a message with a file in base64.
func attached(kind, name string, file []byte) []byte {
	encoded := base64.StdEncoding.EncodeToString(file)
	var lines strings.Builder
	for len(encoded) > 76 {
		lines.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	lines.WriteString(encoded + "\r\n")
	return []byte("Subject: see attachment\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x\r\nContent-Type: " + kind +
		"; name=" + name + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines.String() + "--x--\r\n")
}

func searchText(t testing.TB, raw []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteText(&b, raw, &Parse(raw).Root, true); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const wordType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

func TestOfficeText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, name string
		file       []byte
		want, not  []string
	}{
		{wordType, "a.docx", archive(t,
			"word/document.xml", `<?xml version="1.0"?><w:document><w:body><w:p><w:r><w:t>Ros</w:t></w:r><w:r><w:rPr/><w:t>engarten &amp; Co</w:t></w:r></w:p>`+
				`<w:p><w:r><w:instrText>HYPERLINK</w:instrText></w:r><w:t>zwei</w:t></w:p></w:body></w:document>`,
			"word/footnotes.xml", `<w:p><w:t>a footnote</w:t></w:p>`,
			"word/settings.xml", `<w:p>setting</w:p>`),
			[]string{"Rosengarten & Co\n", "zwei", "a footnote", "a.docx"}, []string{"HYPERLINK", "setting", "Cozwei"}},
		{"application/octet-stream", "b.XLSX", archive(t,
			"xl/sharedStrings.xml", `<sst><si><t>tulips</t></si><si><r><t>ro</t></r><r><t>ses</t></r></si></sst>`,
			"xl/worksheets/sheet1.xml", `<c r="A1" t="s"><v>17711</v></c><c r="A2"><f>SUM(A1)</f><v>4711</v></c><c t="inlineStr"><is><t>inline</t></is></c>`),
			[]string{"tulips\n", "roses", "4711", "inline"}, []string{"17711", "SUM", "tulipsro"}},
		{"application/vnd.openxmlformats-officedocument.presentationml.presentation", "c.pptx", archive(t,
			"ppt/slides/slide12.xml", `<a:p><a:r><a:t>a slide</a:t></a:r></a:p>`,
			"ppt/notesSlides/notesSlide1.xml", `<a:p><a:t>a note</a:t></a:p>`,
			"ppt/slides/_rels/slide12.xml.rels", `<x>relation</x>`),
			[]string{"a slide", "a note"}, []string{"relation"}},
		{"application/vnd.oasis.opendocument.text", "d.odt", archive(t,
			"content.xml", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><office:text><text:h>\xDCber</text:h><text:p>one<text:s/>two <text:span>Wo</text:span>rt</text:p></office:text>",
			"meta.xml", `<x>meta</x>`),
			[]string{"Über\n", "one two Wort"}, []string{"meta"}},
		{wordType, "broken.docx", archive(t, "word/document.xml", `<w:p><w:t>before</w:t></w:p><w:p <<<`), []string{"before"}, nil},
		{wordType, "none.docx", []byte("PK but no zip"), []string{"none.docx", "hello"}, nil},
	} {
		text := searchText(t, attached(c.kind, c.name, c.file))
		for _, part := range c.want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: no %q in %q", c.name, part, text)
			}
		}
		for _, part := range c.not {
			if strings.Contains(text, part) {
				t.Errorf("%s: %q in %q", c.name, part, text)
			}
		}
	}
}

// However much a document unpacks to, a bounded part of it is looked at.
func TestOfficeBombs(t *testing.T) {
	t.Parallel()
	many := []string{}
	for range 20 {
		many = append(many, "ppt/slides/slide1.xml", "<a:t>"+strings.Repeat("bomb ", 1<<20))
	}
	for name, file := range map[string][]byte{
		"one text":   archive(t, "content.xml", "<a>"+strings.Repeat("bomb ", 20<<20)),
		"many texts": archive(t, many...),
		"deep":       archive(t, "content.xml", strings.Repeat("<a>", 20<<20)),
		"attributes": archive(t, "content.xml", "<a "+strings.Repeat(`b="c" `, 5<<20)),
	} {
		if text := searchText(t, attached("application/zip", "x.odt", file)); len(text) > maxOfficeXML+1000 {
			t.Errorf("%s: %d bytes of text", name, len(text))
		}
	}
}

// FuzzOffice: nothing that is attached harms, and there is never more text than
// the limit.
func FuzzOffice(f *testing.F) {
	f.Add(archive(f, "word/document.xml", `<w:p><w:t>text</w:t></w:p>`))
	f.Add(archive(f, "content.xml", `<?xml version="1.0" encoding="utf-16"?><p>&x;<![CDATA[a]]></p>`))
	f.Fuzz(func(t *testing.T, file []byte) {
		var b bytes.Buffer
		if err := writeOffice(&b, file, &Part{End: int64(len(file))}); err != nil || b.Len() > maxOfficeXML {
			t.Errorf("%d bytes, %v", b.Len(), err)
		}
	})
}

// FuzzOfficeXML likewise for the XML alone.
func FuzzOfficeXML(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0"?><w:p><w:t a="b">Ros</w:t><w:br/></w:p><c t="s"><v>1</v></c>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var b bytes.Buffer
		if err := writeXML(&b, bytes.NewReader(text)); err != nil || b.Len() > 4*len(text)+100 {
			t.Errorf("%d bytes of %d, %v", b.Len(), len(text), err)
		}
	})
}

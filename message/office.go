package message

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/transform"
)

// Limits on office documents: they are zip archives, and those may be bombs.
// What lies beyond is not searched.
const (
	maxOffice        = 32 << 20 // bytes of the attachment
	maxOfficeXML     = 16 << 20 // bytes unpacked, over all members
	maxOfficeMembers = 500      // members that are looked into
)

// isOffice reports whether a part is an OOXML or OpenDocument file, by its type
// or, as many senders say application/octet-stream, by its name.
func isOffice(p *Part) bool {
	if strings.HasPrefix(p.Type, "application/vnd.openxmlformats-officedocument.") || strings.HasPrefix(p.Type, "application/vnd.oasis.opendocument.") {
		return true
	}
	switch strings.ToLower(path.Ext(p.Filename)) {
	case ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp":
		return true
	}
	return false
}

// writeOffice writes the text of an office document. What cannot be read as one
// has no text.
func writeOffice(w io.Writer, raw []byte, p *Part) error {
	packed, err := io.ReadAll(io.LimitReader(Decode(bytes.NewReader(slice(raw, p.Body, p.End)), p.Encoding), maxOffice+1))
	if err != nil || len(packed) > maxOffice {
		return nil
	}
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil
	}
	budget := &io.LimitedReader{N: maxOfficeXML}
	members := slices.DeleteFunc(slices.Clone(archive.File), func(f *zip.File) bool { return !hasOfficeText(f.Name) })
	for _, f := range members[:min(len(members), maxOfficeMembers)] {
		if err := writeMember(w, f, budget); err != nil {
			return err
		}
	}
	return nil
}

// hasOfficeText names the members in which the words of a document stand.
func hasOfficeText(name string) bool {
	folder, base := path.Split(name)
	switch folder {
	case "": // OpenDocument
		return base == "content.xml"
	case "word/":
		return base == "document.xml" || isNumbered(base, "header", "footer", "footnotes", "endnotes", "comments")
	case "xl/":
		return base == "sharedStrings.xml" || isNumbered(base, "comments")
	case "xl/worksheets/":
		return isNumbered(base, "sheet")
	case "ppt/slides/":
		return isNumbered(base, "slide")
	case "ppt/notesSlides/":
		return isNumbered(base, "notesSlide")
	}
	return false
}

// isNumbered reports whether base is one of the names with a number, or none,
// and ".xml" behind it.
func isNumbered(base string, names ...string) bool {
	stem, ok := strings.CutSuffix(base, ".xml")
	return ok && slices.Contains(names, strings.TrimRight(stem, "0123456789"))
}

func writeMember(w io.Writer, f *zip.File, budget *io.LimitedReader) error {
	member, err := f.Open()
	if err != nil {
		return nil // an unknown compression: no text
	}
	defer member.Close()
	budget.R = member
	return writeXML(w, budget)
}

// writeXML writes the character data of XML, with a line break where a paragraph
// or a cell ends. Damaged XML has as much text as comes before the damage.
func writeXML(w io.Writer, src io.Reader) error {
	d := xml.NewDecoder(src)
	d.Strict = false
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		return transform.NewReader(in, decoderFor(charset)), nil
	}
	skip := 0 // elements open from the one that is left out
	for {
		token, err := d.RawToken()
		if err != nil {
			return nil
		}
		var text []byte
		switch t := token.(type) {
		case xml.StartElement:
			if skip > 0 || isNotText(t) {
				skip++
			} else if t.Name.Local == "tab" || t.Name.Local == "s" && t.Name.Space == "text" {
				text = []byte(" ")
			}
		case xml.EndElement:
			if skip > 0 {
				skip--
			} else if endsText(t.Name.Local) {
				text = []byte("\n")
			}
		case xml.CharData:
			if skip == 0 {
				text = t
			}
		}
		if len(text) == 0 {
			continue
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
}

// endsText names the elements that keep words apart; the others may lie within
// one.
func endsText(name string) bool {
	switch name {
	case "p", "h", "br", "line-break", "si", "is", "c", "row", "table-cell", "text", "tc":
		return true
	}
	return false
}

// isNotText names what is no words: the numbers of shared strings in the cells
// of a sheet, formulas, codes of fields.
func isNotText(e xml.StartElement) bool {
	switch e.Name.Local {
	case "c":
		return slices.ContainsFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == "t" && a.Value == "s" })
	case "f", "instrText", "delText":
		return true
	}
	return false
}

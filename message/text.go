package message

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

// WriteText writes the searchable text of the message as UTF-8: the decoded
// header fields, then each text part (HTML as its text, without markup), the
// text of office documents, the names of attachments, and the same of embedded
// messages. root is the message's Part tree. With bodyOnly the header of the
// outermost message is left out (SEARCH BODY). It fails only with w's error.
func WriteText(w io.Writer, raw []byte, root *Part, bodyOnly bool) error {
	if !bodyOnly {
		if err := WriteHeaderText(w, slice(raw, root.Header, root.Body)); err != nil {
			return err
		}
	}
	return writeParts(w, raw, root)
}

// WriteHeaderText writes a header's fields decoded, a line each.
func WriteHeaderText(w io.Writer, header []byte) error {
	for f := range fields(header) {
		line := string(f.name) + ": " + decodeField(unfoldAll(f.value)) + "\n"
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}

func writeParts(w io.Writer, raw []byte, p *Part) error {
	if p.Filename != "" {
		if _, err := io.WriteString(w, p.Filename+"\n"); err != nil {
			return err
		}
	}
	switch {
	case p.Kind == Embedded:
		child := &p.Children[0]
		if err := WriteHeaderText(w, slice(raw, child.Header, child.Body)); err != nil {
			return err
		}
		return writeParts(w, raw, child)
	case p.Kind == Multipart:
		for i := range p.Children {
			if err := writeParts(w, raw, &p.Children[i]); err != nil {
				return err
			}
		}
		return nil
	case isOffice(p):
		return writeOffice(w, raw, p)
	case !strings.HasPrefix(p.Type, "text/"):
		return nil
	}
	if err := writeText(w, raw, p); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// writeText writes a text part; one that is UTF-8 already goes as it is.
func writeText(w io.Writer, raw []byte, p *Part) error {
	body := slice(raw, p.Body, p.End)
	if _, guessed := decoderFor(p.Charset).(guess); guessed && p.Encoding == Identity && p.Type != "text/html" && utf8.Valid(body) {
		_, err := w.Write(body)
		return err
	}
	_, err := io.Copy(w, textOf(raw, p))
	return err
}

// textOf reads a text part as UTF-8, HTML without its markup.
func textOf(raw []byte, p *Part) io.Reader {
	decoded := Decode(bytes.NewReader(slice(raw, p.Body, p.End)), p.Encoding)
	text := transform.NewReader(decoded, decoderFor(p.Charset))
	if p.Type == "text/html" {
		return newHTMLText(text)
	}
	return text
}

// slice cuts a range out of raw; a tree that does not belong to it yields less.
func slice(raw []byte, from, to int64) []byte {
	to = min(to, int64(len(raw)))
	from = min(max(from, 0), to)
	return raw[from:to]
}

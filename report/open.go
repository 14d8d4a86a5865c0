package report

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"letterbox/message"
)

// A Document is one or the other.
type Document struct {
	DMARC *DMARC
	TLS   *TLS
}

// Open finds the report in a mail: a part that is one, or is packed by gzip or zip.
// What a part is called counts for nothing, since everybody calls it otherwise. It
// fails with ErrNone, ErrTooLarge, or what is wrong with the one that is there.
func Open(raw []byte) (Document, error) {
	found := ErrNone
	for i, p := range leaves(&message.Parse(raw).Root) {
		if i == maxParts {
			break
		}
		body := message.Decode(bytes.NewReader(raw[p.Body:p.End]), p.Encoding)
		d, err := Unpack(body)
		if err == nil {
			return d, nil
		}
		if !errors.Is(err, ErrNone) && errors.Is(found, ErrNone) {
			found = err
		}
	}
	return Document{}, found
}

// leaves are the parts that have no parts.
func leaves(p *message.Part) (list []*message.Part) {
	if p.Kind == message.Leaf {
		return []*message.Part{p}
	}
	for i := range p.Children {
		list = append(list, leaves(&p.Children[i])...)
	}
	return list
}

// Unpack reads a report that is packed or not.
func Unpack(r io.Reader) (Document, error) {
	head := make([]byte, 4)
	n, _ := io.ReadFull(r, head)
	all := io.MultiReader(bytes.NewReader(head[:n]), r)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(all)
		if err != nil {
			return Document{}, fmt.Errorf("unpack the report: %w", err)
		}
		return read(unpacked)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return unzip(all)
	}
	return read(all)
}

// unzip reads the first file of an archive that is a report. The archive's index
// stands at its end, so all of it is held.
func unzip(r io.Reader) (Document, error) {
	packed, err := io.ReadAll(io.LimitReader(r, maxPlain+1))
	if err != nil {
		return Document{}, err
	}
	if len(packed) > maxPlain {
		return Document{}, ErrTooLarge
	}
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return Document{}, fmt.Errorf("unpack the report: %w", err)
	}
	found := ErrNone
	for _, f := range archive.File[:min(len(archive.File), maxParts)] {
		file, err := f.Open()
		if err != nil {
			return Document{}, fmt.Errorf("unpack the report: %w", err)
		}
		d, err := read(file)
		file.Close()
		if err == nil {
			return d, nil
		}
		found = err
	}
	return Document{}, found
}

// read reads a report that nothing is packed in any more: XML or JSON.
func read(r io.Reader) (Document, error) {
	limited := &limit{r: r, left: maxPlain}
	start, rest, err := peek(limited)
	if err != nil {
		return Document{}, err
	}
	var d Document
	switch {
	case bytes.HasPrefix(start, []byte("<")):
		d.DMARC, err = ReadDMARC(rest)
	case bytes.HasPrefix(start, []byte("{")):
		d.TLS, err = ReadTLS(rest)
	default:
		return Document{}, ErrNone
	}
	if err != nil {
		return Document{}, err
	}
	return d, nil
}

// peek looks at where the text begins, behind white space and a byte order mark.
func peek(r io.Reader) (start []byte, rest io.Reader, err error) {
	head := make([]byte, 64)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("unpack the report: %w", err)
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf")), " \t\r\n")
	return text, io.MultiReader(bytes.NewReader(text), r), nil
}

// A limit fails where io.LimitReader would end: half a report is none.
type limit struct {
	r    io.Reader
	left int64
}

func (l *limit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, ErrTooLarge
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

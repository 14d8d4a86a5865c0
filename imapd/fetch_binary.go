package imapd

import (
	"bytes"
	"io"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/message"
)

// decodable fails if the item wants a part decoded whose encoding is not known.
func (m *mail) decodable(it *item) error {
	if it.kind == itemSection || it.section.entire() {
		return nil
	}
	part := m.row.Parts.Find(it.section.path)
	if part != nil && part.Kind == message.Leaf && part.Encoding == message.UnknownEncoding {
		// RFC 3516 section 4.3
		return no(imap.ResponseCodeUnknownCTE, "the transfer encoding of %s is not known", it.label)
	}
	return nil
}

// decoded returns a reader of a part without its transfer encoding, false where
// there is no such part. What is no leaf has no encoding.
func (m *mail) decoded(sec *section) (io.Reader, bool) {
	sp, ok := m.locate(sec)
	if !ok {
		return nil, false
	}
	var r io.Reader = io.NewSectionReader(m.body, sp.from, sp.size())
	if m.all != nil {
		r = bytes.NewReader(m.all[sp.from:sp.to])
	}
	if !sec.entire() {
		if part := m.row.Parts.Find(sec.path); part.Kind == message.Leaf {
			r = message.Decode(r, part.Encoding)
		}
	}
	return r, true
}

// writeBinary answers BINARY[...] and BINARY.SIZE[...]. The part is decoded
// twice: its size has to be known before, and whether there is a NUL.
func (f *fetcher) writeBinary(it *item, m *mail) {
	enc := &f.s.enc
	var found contents
	r, ok := m.decoded(&it.section)
	if ok {
		if _, err := io.Copy(&found, r); err != nil {
			f.fail(err)
		}
	}
	switch {
	case it.kind == itemBinarySize:
		enc.Number(uint64(found.size))
	case !ok:
		enc.Text("NIL")
	default:
		r, _ = m.decoded(&it.section)
		f.writeDecoded(r, span{0, found.size}.cut(it.partial), found.nul)
	}
}

// writeDecoded writes a stretch of what r gives.
func (f *fetcher) writeDecoded(r io.Reader, sp span, nul bool) {
	if sp.size() == 0 {
		f.writeBytes(nil)
		return
	}
	var w *wire.LiteralWriter
	if nul {
		w = f.s.enc.Literal8(sp.size())
	} else {
		// RFC 3516 section 4.3: a string tells the client that there is no NUL.
		w = f.s.enc.Literal(sp.size())
	}
	_, err := io.CopyN(io.Discard, r, sp.from)
	if err == nil {
		_, err = io.CopyN(w, r, sp.size())
	}
	f.finish(w, err)
}

// contents is a writer that looks at what a part decodes to.
type contents struct {
	size  int64
	lines int64
	nul   bool
}

func (c *contents) Write(p []byte) (int, error) {
	c.size += int64(len(p))
	c.lines += int64(bytes.Count(p, []byte{'\n'}))
	c.nul = c.nul || bytes.IndexByte(p, 0) >= 0
	return len(p), nil
}

package imapd

import (
	"io"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/message"
	"letterbox/store"
)

// A mail is a message whose bytes are being shown.
type mail struct {
	row  *store.Row
	body *store.Body
	size int64
	all  []byte // the whole, if it is small
}

// inMemory is the size up to which a body is read at once, before any of it is
// announced: most are smaller, all their sections come from one read, and
// damage shows before the answer has begun. Larger ones are copied in pieces of
// that size.
const inMemory = 64 << 10

// open makes sure that a message's items can be answered.
func (f *fetcher) open(l *loaded) (*mail, error) {
	if l.err != nil {
		return nil, l.err
	}
	m := &mail{row: &l.row, body: l.body, size: l.body.Size()}
	if m.size <= inMemory {
		m.all = f.buffer()[:m.size]
		if err := readFull(m.body, m.all, 0); err != nil {
			return nil, err
		}
	}
	for i := range f.items {
		if err := m.decodable(&f.items[i]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// buffer is the session's for as long as it is busy.
func (f *fetcher) buffer() []byte {
	if f.s.buf.body == nil {
		f.s.buf.body = make([]byte, inMemory)
	}
	return f.s.buf.body
}

// readFull reads len(p) bytes at off.
func readFull(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	return err
}

// locate finds a section; the message as a whole needs no structure.
func (m *mail) locate(sec *section) (span, bool) {
	if sec.entire() {
		return span{0, m.size}, true
	}
	sp, ok := sec.locate(m.row.Parts, m.body.PrefixLen())
	sp.to = min(sp.to, m.size)
	sp.from = min(sp.from, sp.to)
	return sp, ok
}

// cut applies a partial, which may ask for more than there is.
func (sp span) cut(p *imap.SectionPartial) span {
	if p == nil {
		return sp
	}
	from := min(sp.from+p.Offset, sp.to)
	return span{from, min(from+p.Size, sp.to)}
}

func (sp span) size() int64 { return sp.to - sp.from }

// writeFromBody writes an item that comes from the message's bytes.
func (f *fetcher) writeFromBody(it *item, m *mail) {
	f.s.enc.Text(it.label)
	f.s.enc.SP()
	if it.kind != itemSection {
		f.writeBinary(it, m)
		return
	}
	sp, ok := m.locate(&it.section)
	switch {
	case !ok:
		f.s.enc.Text("NIL") // no such part
	case it.section.fields != nil:
		f.writeHeaderFields(it, f.header(m, sp))
	default:
		f.writeSpan(m, sp.cut(it.partial))
	}
}

// header reads a header into memory: fields are chosen from anywhere in it.
func (f *fetcher) header(m *mail, sp span) []byte {
	if m.all != nil {
		return m.all[sp.from:sp.to]
	}
	header := make([]byte, sp.size())
	if err := readFull(m.body, header, sp.from); err != nil {
		f.fail(err)
	}
	return header
}

// writeHeaderFields chooses from a header what HEADER.FIELDS or
// HEADER.FIELDS.NOT asks for; a partial counts from there.
func (f *fetcher) writeHeaderFields(it *item, header []byte) {
	f.chosen = message.FilterHeader(f.chosen[:0], header, it.section.fields, it.section.what == headerFieldsNot)
	sp := span{0, int64(len(f.chosen))}.cut(it.partial)
	f.writeBytes(f.chosen[sp.from:sp.to])
}

// writeBytes writes a literal. Nothing at all is written quoted: some clients
// wait for more after "{0}".
func (f *fetcher) writeBytes(b []byte) {
	if len(b) == 0 {
		f.s.enc.Text(`""`)
		return
	}
	w := f.s.enc.Literal(int64(len(b)))
	_, _ = w.Write(b)
	_ = w.Close() // errors stick to the encoder
}

// writeSpan writes a stretch of the message.
func (f *fetcher) writeSpan(m *mail, sp span) {
	switch {
	case sp.size() == 0:
		f.writeBytes(nil)
	case m.all != nil:
		f.writeBytes(m.all[sp.from:sp.to])
	case sp.size() == m.size:
		w := f.s.enc.Literal(m.size)
		_, err := m.body.WriteTo(w)
		f.finish(w, err)
	default:
		w := f.s.enc.Literal(sp.size())
		_, err := io.CopyBuffer(w, io.NewSectionReader(m.body, sp.from, sp.size()), f.buffer())
		f.finish(w, err)
	}
}

// finish ends a literal that was filled from elsewhere. If that failed, the
// connection has to end, since the client counts on the size.
func (f *fetcher) finish(w *wire.LiteralWriter, err error) {
	if err != nil && f.s.enc.Err() == nil {
		f.fail(err)
	}
	_ = w.Close() // its error sticks to the encoder
}

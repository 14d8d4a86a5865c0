package imapd

import (
	"context"
	"errors"
	"io"

	"letterbox/imapd/wire"
	"letterbox/message"
)

// A urlQuery is one URL of URLFETCH with what is asked about it (RFC 5524).
type urlQuery struct {
	url                     string
	extended                bool
	body, binary, structure bool
}

// urlFetch runs URLFETCH (RFC 4467 section 7), with the parameters of RFC 5524. A
// URL that cannot be followed is answered with NIL, for whatever reason.
func urlFetch(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	var queries []urlQuery
	for d.Err() == nil && !d.AtEnd() {
		d.SP()
		queries = append(queries, readURLQuery(d))
	}
	if len(queries) == 0 || len(queries) > maxURLs {
		d.Fail("one URL or more")
	}
	if err := d.End(); err != nil {
		return err
	}
	for i := range queries {
		if err := s.fetchURL(ctx, &queries[i]); err != nil {
			return err
		}
	}
	return nil
}

func readURLQuery(d *wire.Decoder) (q urlQuery) {
	if d.Peek() != '(' {
		q.url = d.AString()
		return q
	}
	d.Open()
	q.url = d.AString()
	for d.Accept(' ') {
		q.extended = true
		seen := false
		switch d.Keyword() {
		case "BODY":
			seen, q.body = q.body, true
		case "BINARY":
			seen, q.binary = q.binary, true
		case "BODYPARTSTRUCTURE":
			seen, q.structure = q.structure, true
		default:
			d.Fail("BODY, BINARY or BODYPARTSTRUCTURE")
		}
		if seen || q.body && q.binary { // RFC 5524 section 3.1
			d.Fail("each once, and BODY or BINARY")
		}
	}
	d.Close()
	return q
}

// fetchURL answers one URL.
func (s *session) fetchURL(ctx context.Context, q *urlQuery) error {
	u, v, err := s.authorized(ctx, q.url)
	if err == nil {
		err = v.follow(ctx, u, "", func(t *target) error { return s.tellURL(q, t) })
	}
	if errors.Is(err, errBadURL) {
		s.log.Debug("URL not followed", "reason", err)
		s.beginURL(q)
		s.enc.Text(" NIL\r\n")
		return nil
	}
	return err
}

func (s *session) beginURL(q *urlQuery) {
	s.enc.Text("* URLFETCH ")
	s.enc.String(q.url)
}

// tellURL writes the response for a URL that leads somewhere. What could fail is
// tried before anything is written.
func (s *session) tellURL(q *urlQuery, t *target) error {
	var found contents
	decodable := false
	if q.binary {
		var err error
		if decodable, err = t.measure(&found); err != nil {
			return err
		}
	}
	s.beginURL(q)
	if q.structure {
		if part := t.structure(decodable, &found); part != nil {
			s.enc.Text(" (BODYPARTSTRUCTURE ")
			s.enc.Bytes(part)
			s.enc.Text(")")
		}
	}
	switch {
	case !q.extended:
		s.enc.SP()
		s.copyURL(t.reader(), t.span.size(), false)
	case q.body:
		s.enc.Text(" (BODY ")
		s.copyURL(t.reader(), t.span.size(), false)
		s.enc.Text(")")
	case q.binary && !decodable:
		s.enc.Text(" (BINARY NIL)")
	case q.binary:
		s.enc.Text(" (BINARY ")
		s.copyDecoded(t, &found)
		s.enc.Text(")")
	}
	s.enc.CRLF()
	return s.enc.Err()
}

// copyURL writes a literal from r. The empty one is a string: see writeBytes.
func (s *session) copyURL(r io.Reader, size int64, binary bool) {
	if size == 0 {
		s.enc.Text(`""`)
		return
	}
	w := s.enc.Literal
	if binary {
		w = s.enc.Literal8
	}
	literal := w(size)
	if _, err := io.CopyN(literal, r, size); err != nil && s.enc.Err() == nil {
		s.log.Error("message cannot be read", "error", err)
	}
	_ = literal.Close() // its error, also of what is missing, sticks to the encoder
}

// copyDecoded writes what was measured.
func (s *session) copyDecoded(t *target, found *contents) {
	r, _ := t.decodedPart()
	sp := span{0, found.size}.cut(t.partial)
	_, _ = io.CopyN(io.Discard, r, sp.from) // what is missing then, copyURL finds
	s.copyURL(r, sp.size(), found.nul)
}

// decodedPart reads the part without its transfer encoding, false where that is
// not known.
func (t *target) decodedPart() (io.Reader, bool) {
	if t.section.what != whole {
		return t.reader(), true
	}
	if part := t.row.Parts.Find(t.section.path); part != nil && part.Kind == message.Leaf && part.Encoding == message.UnknownEncoding && !t.section.entire() {
		return nil, false
	}
	return t.decoded(&t.section)
}

// measure looks at what the part decodes to.
func (t *target) measure(found *contents) (decodable bool, err error) {
	r, ok := t.decodedPart()
	if !ok {
		return false, nil
	}
	_, err = io.Copy(found, r)
	return err == nil, err
}

// structure is the BODYPARTSTRUCTURE: of parts and of whole messages alone. Where
// the part comes decoded it says so.
func (t *target) structure(decoded bool, found *contents) []byte {
	if t.section.what != whole {
		return nil
	}
	part := bodyPart(message.BodyOf(t.row.BodyStructure), t.section.path)
	if part == nil || !decoded {
		return part
	}
	return decodedBody(part, found)
}

package queue

import (
	"bytes"
	"context"
	"io"

	"letterbox/store"
)

// A content is a queued message on its way out: the lines put before it, then the
// body that the store holds.
type content struct {
	prefix []byte
	body   *store.Body
}

// open opens a batch's message. Close it.
func (q *Queue) open(ctx context.Context, b *batch) (*content, error) {
	body, err := q.Store.OpenHeld(ctx, b.held)
	if err != nil {
		return nil, err
	}
	return &content{b.prefix, body}, nil
}

// WriteTo writes the whole.
func (m *content) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(m.prefix)
	if err != nil {
		return int64(n), err
	}
	more, err := m.body.WriteTo(w)
	return int64(n) + more, err
}

func (m *content) Close() error { return m.body.Close() }

// maxHeader is how much of a header is looked at.
const maxHeader = 64 << 10

// header is the message's own header, as far as it is looked at, with the empty
// line if that was reached.
func (m *content) header() ([]byte, error) {
	b := make([]byte, min(maxHeader, m.body.Size()))
	n, err := m.body.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	b = b[:n]
	if bytes.HasPrefix(b, []byte("\r\n")) {
		return b[:2], nil
	}
	if end := bytes.Index(b, []byte("\r\n\r\n")); end >= 0 {
		b = b[:end+4]
	}
	return b, nil
}

func (m *content) asciiHeader() bool {
	header, err := m.header()
	return err == nil && isASCII(string(header))
}

package imapd

import "bufio"

// buffers are what a session needs only while it is busy.
type buffers struct {
	r *bufio.Reader
	w *bufio.Writer

	body []byte // of inMemory, once a message's bytes were wanted
}

// Sizes of the buffers: a command mostly fits into one read, an answer is
// written in pieces of the size of a TLS record and more.
const (
	readBuffer  = 4 << 10
	writeBuffer = 32 << 10
)

func newBuffers() any {
	return &buffers{r: bufio.NewReaderSize(nil, readBuffer), w: bufio.NewWriterSize(nil, writeBuffer)}
}

// attach gets buffers, release gives them back.
func (s *session) attach() {
	if s.buf == nil {
		s.buf = s.srv.buffers.Get().(*buffers)
		s.buf.r.Reset(s.link)
		s.buf.w.Reset(s.link)
		s.dec.Attach(s.buf.r)
		s.enc.Attach(s.buf.w)
	}
}

func (s *session) release() {
	if s.buf != nil {
		s.buf.r.Reset(nil)
		s.buf.w.Reset(nil)
		s.srv.buffers.Put(s.buf)
		s.buf = nil
		s.link.rest()
		s.dec.Attach(nil)
		s.enc.Attach(nil)
	}
}

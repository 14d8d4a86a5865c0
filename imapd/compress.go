package imapd

import (
	"bytes"
	"context"

	"github.com/klauspost/compress/flate"
	"letterbox/imapd/wire"
)

// compress runs COMPRESS=DEFLATE (RFC 4978).
//
// Each piece of an answer is compressed and flushed as it is written, so that
// the client never waits for an end. What compressing takes is lent while the
// session is busy: a stream may go on with a fresh compressor after a flush, it
// only refers to nothing before. What the client sends is another matter; see
// inflater.
func compress(_ context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	mechanism := d.Keyword()
	if err := d.End(); err != nil {
		return err
	}
	switch {
	case mechanism != "DEFLATE":
		return bad("no such compression: %.40s", mechanism)
	case s.link.in != nil:
		return no("COMPRESSIONACTIVE", "compression is on already")
	}
	c.text = "DEFLATE is on"
	c.after = func(context.Context) error {
		if err := s.enc.Flush(); err != nil {
			return err
		}
		// A client in a hurry may have sent compressed data already.
		early, _ := s.buf.r.Peek(s.buf.r.Buffered())
		s.link.compress(&s.srv.deflaters, early)
		s.buf.r.Reset(s.link)
		return nil
	}
	return nil
}

// A deflater is what compressing takes.
type deflater struct {
	out bytes.Buffer
	w   *flate.Writer
}

// deflateLevel: higher ones take twice the time for some percent.
const deflateLevel = 3

func newDeflater() any {
	z := &deflater{}
	z.w, _ = flate.NewWriter(&z.out, deflateLevel) // fails for a wrong level alone
	return z
}

// compress turns p into what goes over the wire, good until the next call.
func (z *deflater) compress(p []byte) ([]byte, error) {
	z.out.Reset()
	if _, err := z.w.Write(p); err != nil {
		return nil, err
	}
	if err := z.w.Flush(); err != nil {
		return nil, err
	}
	return z.out.Bytes(), nil
}

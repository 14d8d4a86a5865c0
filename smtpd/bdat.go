package smtpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// bdat reads a chunk of a message (RFC 3030). The chunk follows the command even
// where the command is refused.
func bdat(ctx context.Context, s *session, args string) (*reply, error) {
	size, last, err := parseChunk(args)
	if err != nil {
		// How much follows is unknown: a message must not be taken for commands.
		return nil, ending{err}
	}
	if err := s.mayChunk(size); err != nil {
		return nil, s.skip(size, err)
	}
	if s.mail.chunks == nil {
		s.mail.chunks = s.newIncoming()
	}
	m := s.mail.chunks
	if err := s.receive(m, func() error { return readChunk(s.r, m, size) }); err != nil {
		return nil, ending{err}
	}
	if !last {
		return say(250, "2.0.0", fmt.Sprintf("%d bytes", size)), nil
	}
	return s.accept(ctx, m)
}

// parseChunk reads a size and perhaps LAST.
func parseChunk(args string) (size int64, last bool, err error) {
	number, word, more := strings.Cut(args, " ")
	size, err = strconv.ParseInt(number, 10, 64)
	if err != nil || size < 0 || number[0] == '+' {
		return 0, false, refuse(501, "5.5.4", "expected BDAT and a number of bytes, perhaps LAST")
	}
	if more && !strings.EqualFold(strings.TrimSpace(word), "LAST") {
		return 0, false, refuse(501, "5.5.4", "expected LAST or nothing after the number of bytes")
	}
	return size, more, nil
}

func (s *session) mayChunk(size int64) error {
	switch {
	case s.mail == nil:
		return refuse(503, "5.5.1", "not now; MAIL comes first, then RCPT, then BDAT")
	case s.mail.recipients == 0:
		return refuse(554, "5.5.1", "no recipient was accepted")
	case s.mail.chunks != nil && size > s.absurd()-s.mail.chunks.size, size > s.absurd():
		return errOversized
	}
	return nil
}

// skip reads a chunk and throws it away, and passes the reason on.
func (s *session) skip(size int64, reason error) error {
	if errors.Is(reason, errOversized) || size > s.absurd() {
		return ending{errOversized}
	}
	m := s.newIncoming()
	defer m.close()
	m.refused = reason
	if err := s.receive(m, func() error { return readChunk(s.r, m, size) }); err != nil {
		return ending{err}
	}
	return reason
}

func readChunk(r io.Reader, m *incoming, size int64) error {
	n, err := io.CopyN(chunkWriter{m}, r, size)
	if errors.Is(err, io.EOF) && n < size {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A chunkWriter takes all.
type chunkWriter struct{ m *incoming }

func (w chunkWriter) Write(p []byte) (int, error) {
	w.m.write(p)
	return len(p), nil
}

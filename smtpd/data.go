package smtpd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"time"
)

// data reads a message up to the line with the dot.
func data(ctx context.Context, s *session, args string) (*reply, error) {
	switch {
	case args != "":
		return nil, refuse(501, "5.5.4", "DATA stands alone")
	case s.mail == nil:
		return nil, refuse(503, "5.5.1", "not now; MAIL comes first, then RCPT, then DATA")
	case s.mail.chunks != nil:
		return nil, refuse(503, "5.5.1", "this message came by BDAT; end it with BDAT LAST")
	case s.mail.recipients == 0:
		return nil, refuse(554, "5.5.1", "no recipient was accepted")
	}
	s.write(say(354, "", "send the message, and then a line with a dot alone"))
	if err := s.w.Flush(); err != nil {
		return nil, ending{err}
	}
	m := s.newIncoming()
	defer m.close()
	if err := s.receive(m, func() error { return readDotted(s.r, m, s.absurd()) }); err != nil {
		return nil, ending{err}
	}
	return s.accept(ctx, m)
}

// absurd is how much of a message that is too large is read and thrown away: a
// client learns why, and does not try it again and again.
func (s *session) absurd() int64 { return 4 * s.srv.cfg.Limits.Message }

// receive reads with the deadlines of a message.
func (s *session) receive(m *incoming, read func() error) error {
	s.link.deadline = func() time.Time { return m.deadline(s.srv.cfg.Timeouts) }
	defer func() { s.link.deadline = nil }()
	err := read()
	if errors.Is(err, os.ErrDeadlineExceeded) && errors.Is(m.refused, errBareLineEnd) {
		return errUnclear
	}
	return err
}

// readDotted reads a message as DATA sends it (RFC 5321 section 4.5.2): CR LF,
// a dot and CR LF end it, and nothing else does; a dot that begins a line is
// taken off. It fails when the message does not end within limit.
func readDotted(r *bufio.Reader, m *incoming, limit int64) error {
	begins := true // the next byte begins a line
	cr := false    // the last one was CR
	for {
		part, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		ends := bytes.HasSuffix(part, []byte("\r\n")) || cr && string(part) == "\n"
		cr = bytes.HasSuffix(part, []byte("\r"))
		if begins && part[0] == '.' {
			if string(part) == ".\r\n" {
				return nil
			}
			part = part[1:]
		}
		begins = ends
		m.write(part)
		if m.size > limit {
			return errOversized
		}
	}
}

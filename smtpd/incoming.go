package smtpd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"time"

	"letterbox/store"
)

// errBareLineEnd says that a message was refused for its line ends.
var errBareLineEnd = errors.New("bare CR or LF")

// An incoming message goes to the spool as it is read. Once there is a reason to
// refuse it, the rest is read and thrown away: only at its end can the client
// hear why.
type incoming struct {
	spool   *store.Spool
	to      *bufio.Writer
	began   time.Time
	size    int64 // of all that came
	line    int   // number of the one that is being read, from 1
	cr      bool  // the last byte was CR
	refused error
}

// spoolBuffer gathers lines for the spool.
const spoolBuffer = 32 << 10

func (s *session) newIncoming() *incoming {
	spool := s.srv.cfg.Store.NewSpool(s.srv.cfg.Limits.Message)
	return &incoming{spool: spool, to: bufio.NewWriterSize(spool, spoolBuffer), began: time.Now(), line: 1}
}

func (m *incoming) close() { _ = m.spool.Close() }

// write takes the next bytes of the message.
func (m *incoming) write(p []byte) {
	m.size += int64(len(p))
	if m.refused != nil {
		return
	}
	m.checkLineEnds(p)
	if m.refused == nil {
		_, m.refused = m.to.Write(p)
	}
}

// checkLineEnds refuses CR and LF apart from each other (RFC 5321 section
// 2.3.8). Servers differ in what they take them for, so that one may see the end
// of a message, and commands after it, where another sees text: mail could be
// smuggled past the checks of either.
func (m *incoming) checkLineEnds(p []byte) {
	for len(p) > 0 {
		if m.cr != (p[0] == '\n') {
			m.refused = m.bareLineEnd()
			return
		}
		if m.cr {
			m.cr, p = false, p[1:]
			m.line++
			continue
		}
		var text []byte
		text, p, m.cr = bytes.Cut(p, []byte("\r"))
		if bytes.IndexByte(text, '\n') >= 0 {
			m.cr = false
			m.refused = m.bareLineEnd()
			return
		}
	}
}

func (m *incoming) bareLineEnd() error {
	which := "LF"
	if m.cr {
		which = "CR"
	}
	r := refuse(550, "5.5.2", "line %d of the message has a bare %s; lines must end with CR LF; nothing was accepted", m.line, which)
	return fmt.Errorf("%w: %w", errBareLineEnd, r)
}

// finish returns the whole, valid until close, or why it is refused.
func (m *incoming) finish() ([]byte, error) {
	if m.refused == nil && m.cr {
		m.refused = m.bareLineEnd()
	}
	if m.refused != nil {
		return nil, m.refused
	}
	if err := m.to.Flush(); err != nil {
		return nil, err
	}
	return m.spool.Bytes()
}

// deadline is when the next bytes must be there: a client may be slow, but not
// for ever; one whose message is refused for its line ends may never end it in a
// way that we understand, so that after a pause it hears the reason.
func (m *incoming) deadline(t Timeouts) time.Time {
	if errors.Is(m.refused, errBareLineEnd) {
		return time.Now().Add(t.Broken)
	}
	return m.began.Add(t.Data + transferTime(m.size))
}

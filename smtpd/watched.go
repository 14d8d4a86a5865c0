package smtpd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"letterbox/habit"
	"letterbox/message"
)

// reasonOf is the word for how a session ended.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, errLeft):
		return "logout"
	case errors.Is(err, errStopping), errors.Is(err, context.Canceled):
		return "stopping"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.As(err, new(*reply)), errors.Is(err, errMistakes), errors.Is(err, errIdle), errors.Is(err, errInjected), errors.Is(err, errOversized):
		return "refused"
	case errors.Is(err, io.EOF):
		return "closed"
	}
	return "broken"
}

// sent looks at the header of a message that a user has sent: which program they
// use, and whether its clock is right. SMTP has no other way to hear of it.
func (s *session) sent(raw []byte) {
	if s.user == nil || s.watched == nil {
		return
	}
	header, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	header = append(bytes.Clone(header), "\r\n"...)
	for _, field := range []string{"User-Agent", "X-Mailer"} {
		if names := message.HeaderValues(header, field); len(names) > 0 {
			s.watched.Introduced(habit.Client{Name: names[0]})
			break
		}
	}
	s.watched.Habits().Dated(message.SentDate(header))
}

package smtpd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"letterbox/accept"
)

// Lines of commands, CR LF included. The longest are those of a SASL exchange
// (RFC 4954 section 4). A longer one is read to its end and refused, but
// not for ever.
const (
	maxCommandLine = 12288 + 2
	maxSkippedLine = 64 << 10
)

// readLine reads a line and returns it without its CR LF. A *reply as the error
// says what is wrong with it; the connection can go on then.
func readLine(r *bufio.Reader, limit int) (string, error) {
	var line []byte
	for size := 0; ; {
		part, err := r.ReadSlice('\n')
		if size += len(part); size <= limit {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && size > maxSkippedLine:
			return "", errEndless
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return "", err
		case size > limit:
			return "", refuse(500, "5.5.6", "a command line may have %d bytes", limit)
		}
		return checkLine(line)
	}
}

// checkLine takes the CR LF off. RFC 5321 section 2.3.8: nothing else ends a
// line, and CR and LF stand nowhere else.
func checkLine(line []byte) (string, error) {
	line, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return "", refuse(500, "5.5.2", "that line ends in LF alone; end lines with CR LF")
	}
	if bytes.ContainsAny(line, "\r\x00") {
		return "", refuse(500, "5.5.2", "a command line may hold neither CR nor NUL")
	}
	return string(line), nil
}

// A command does what a client asks and returns the reply.
type command func(ctx context.Context, s *session, args string) (*reply, error)

// find returns the command of a verb, nil when there is none.
func find(verb string) command {
	switch verb {
	case "HELO":
		return helo
	case "EHLO":
		return ehlo
	case "STARTTLS":
		return startTLS
	case "AUTH":
		return auth
	case "MAIL":
		return mail
	case "RCPT":
		return rcpt
	case "DATA":
		return data
	case "BDAT":
		return bdat
	case "RSET":
		return rset
	case "NOOP":
		return noop
	case "VRFY":
		return vrfy
	case "EXPN":
		return expn
	case "HELP":
		return help
	case "QUIT":
		return quit
	}
	return nil
}

// An ending is the error of a command after whose reply the session is over.
type ending struct{ error }

func (e ending) Unwrap() error { return e.error }

// execute runs one command line and writes its reply. It fails when the session
// is over.
func (s *session) execute(ctx context.Context, line string, refused error) error {
	began := time.Now()
	verb, args, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	r, err := (*reply)(nil), refused
	if err == nil {
		r, err = s.call(ctx, verb, strings.TrimSpace(args))
	}
	if errors.As(err, new(ending)) {
		return err
	}
	if err != nil {
		r = s.replyTo(ctx, verb, err)
	}
	if r == nil { // the command has said all
		return nil
	}
	if err := s.suffer(ctx, verb, r); err != nil {
		return err
	}
	s.write(r)
	s.watched.Answered(verb, string('0'+rune(r.code/100)), time.Since(began), false, true)
	return s.bear(verb, r)
}

func (s *session) call(ctx context.Context, verb, args string) (*reply, error) {
	cmd := find(verb)
	if cmd == nil {
		return nil, refuse(500, "5.5.1", "no such command; HELP lists those that there are")
	}
	return cmd(ctx, s, args)
}

// bear ends the session of a client that is refused too often, or that keeps a
// connection busy without sending mail. Whom other servers ask for is suffer's.
func (s *session) bear(verb string, r *reply) error {
	switch {
	case !s.door.submit && offenceIn(verb, r) == offenceUnknown:
	case r.code >= 500:
		s.log.Debug("command refused", "command", verb, "reply", r.Error())
		if s.mistakes++; s.mistakes >= s.srv.cfg.Limits.Mistakes {
			return errMistakes
		}
	case !leads(verb, r):
		if s.idle++; s.idle >= s.srv.cfg.Limits.Idle {
			return errIdle
		}
	}
	return nil
}

// leads reports whether a command brings a message nearer. A client that names
// more recipients than one message may have does nothing wrong either: it may
// have sent all of them before it hears.
func leads(verb string, r *reply) bool {
	switch verb {
	case "MAIL", "RCPT", "DATA", "BDAT":
		return r.code < 400 || r.enhanced == tooManyRecipients
	}
	return false
}

// accepted begins the counting of mistakes in this session anew.
func (s *session) accepted() {
	s.mistakes, s.idle = 0, 0
	if s.isStranger() {
		s.srv.conduct.redeem(accept.Network(s.peer))
	}
}

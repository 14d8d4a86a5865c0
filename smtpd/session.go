package smtpd

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime/debug"

	"letterbox/accept"
	"letterbox/directory"
	"letterbox/telemetry"
)

// A session is one connection. Its goroutine alone touches it, but for link.stop
// and link.close.
type session struct {
	srv     *Server
	door    door
	link    *link
	r       *bufio.Reader
	w       *bufio.Writer
	peer    netip.Addr
	private bool                 // nobody can listen in: TLS, or loopback if that is allowed
	tls     *tls.ConnectionState // nil without
	log     *slog.Logger

	stopping <-chan struct{} // closed when the server stops

	watched *telemetry.Session // nil: nobody watches; see watched.go

	helo     string // "" before HELO and EHLO
	extended bool   // it was EHLO
	user     *directory.User
	mail     *transaction // nil outside of one

	mistakes int // refused commands since the last accepted message
	idle     int // commands that led nowhere, likewise
}

// Reasons to end a session, beside errors of the connection.
var (
	errStopping  = errors.New("server is shutting down")
	errMistakes  = errors.New("too many refused commands")
	errIdle      = errors.New("too many commands that lead to no message")
	errInjected  = errors.New("data sent before TLS was on")
	errLeft      = errors.New("client said goodbye")
	errUnclear   = errors.New("the message does not end, because its lines do not end in CR LF")
	errOversized = errors.New("the client goes on sending a message that is too large")
	errEndless   = errors.New("a line that does not end")
)

// readBuffer is also the longest line of a message that is handled in one piece.
const readBuffer = 8 << 10

func (srv *Server) newSession(conn net.Conn, d door, stopping <-chan struct{}) *session {
	s := &session{
		srv:  srv,
		door: d,
		link: &link{conn: conn, writeTimeout: srv.cfg.Timeouts.Write},
		peer: accept.Peer(conn),

		stopping: stopping,
	}
	s.private = srv.cfg.PlaintextLoopback && s.peer.IsLoopback()
	s.r, s.w = bufio.NewReaderSize(s.link, readBuffer), bufio.NewWriter(s.link)
	s.log = srv.cfg.Log.With("session", srv.serial.Add(1), "protocol", d.protocol, "remote", s.peer.String())
	return s
}

// run is the session from the first byte to the last.
func (s *session) run(ctx context.Context) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("session panicked", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		}
	}()
	s.watched = s.srv.cfg.Telemetry.Open(s.door.protocol, s.peer, s.link.close)
	s.link.watched = s.watched
	end := "broken"
	defer func() { s.watched.Close(end) }()
	defer s.link.close()
	defer s.reset()
	err := s.start(ctx)
	if err == nil {
		err = s.serve(ctx)
	}
	s.sayGoodbye(err)
	end = reasonOf(err)
	if !errors.Is(err, errLeft) && !errors.Is(err, io.EOF) {
		s.log.Info("connection broke off", "error", err)
	}
}

// start shakes hands and greets.
func (s *session) start(ctx context.Context) error {
	if s.door.implicit {
		if err := s.secure(ctx); err != nil {
			return err
		}
	}
	if err := s.admit(); err != nil {
		return err
	}
	s.write(say(220, "", s.srv.cfg.Hostname+" ESMTP Letterbox"))
	return s.w.Flush()
}

// secure shakes hands: from now on the connection is private.
func (s *session) secure(ctx context.Context) error {
	conn, err := s.link.secure(ctx, s.srv.cfg.TLS, s.srv.cfg.Timeouts.Handshake)
	if err != nil {
		s.srv.cfg.Telemetry.HandshakeFailed(s.peer, err)
		return fmt.Errorf("TLS handshake: %w", err)
	}
	state := conn.ConnectionState()
	s.private, s.tls = true, &state
	s.watched.Secured(state)
	return nil
}

// serve executes commands until the client leaves or the connection cannot go
// on.
func (s *session) serve(ctx context.Context) error {
	for {
		line, err := s.awaitCommand()
		var own *reply
		if err != nil && !errors.As(err, &own) {
			return err
		}
		if err := s.execute(ctx, line, err); err != nil {
			return err
		}
	}
}

// awaitCommand reads a command line, after sending the replies that the client
// waits for: a client that has sent more already does not (RFC 2920).
func (s *session) awaitCommand() (string, error) {
	if s.r.Buffered() == 0 {
		if err := s.w.Flush(); err != nil {
			return "", err
		}
	}
	if err := s.link.startWaiting(s.srv.cfg.Timeouts.Command); err != nil {
		return "", err
	}
	line, err := readLine(s.r, maxCommandLine)
	if stopped := s.link.stopWaiting(); stopped != nil && err != nil {
		return "", stopped
	}
	return line, err
}

// reset forgets the message under way.
func (s *session) reset() {
	if s.mail != nil {
		s.mail.close()
		s.mail = nil
	}
}

// sayGoodbye tells the client why the server ends the connection, when it is the
// server who does.
func (s *session) sayGoodbye(err error) {
	var r *reply
	switch {
	case errors.As(err, &r):
	case errors.Is(err, errStopping), errors.Is(err, context.Canceled):
		r = say(421, "4.3.2", "the server is shutting down; try again later")
	case errors.Is(err, os.ErrDeadlineExceeded):
		r = say(421, "4.4.2", "you have been quiet for too long; goodbye")
	case errors.Is(err, errMistakes):
		r = say(421, "4.7.0", "too many refused commands; goodbye")
	case errors.Is(err, errIdle):
		r = say(421, "4.7.0", "too many commands without a message; goodbye")
	case errors.Is(err, errInjected):
		r = say(421, "4.7.0", "something was sent after STARTTLS and before TLS was on; goodbye")
	case errors.Is(err, errUnclear):
		// RFC 7504: 521 is also a goodbye, but one that is not to be tried again.
		r = say(521, "5.5.2", "nobody can tell where this message ends; end its lines with CR LF; goodbye")
	case errors.Is(err, errOversized):
		r = say(552, "5.3.4", fmt.Sprintf("a message may have %d bytes; send less; goodbye", s.srv.cfg.Limits.Message))
	case errors.Is(err, errEndless):
		r = say(421, "4.7.0", "a command line is far too long; goodbye")
	case errors.Is(err, errLeft):
	default:
		return
	}
	if r != nil {
		s.write(r)
	}
	if s.w.Flush() == nil {
		s.link.linger()
	}
}

// write puts a reply where awaitCommand flushes it. Errors are kept there.
func (s *session) write(r *reply) { _, _ = s.w.WriteString(r.String()) }

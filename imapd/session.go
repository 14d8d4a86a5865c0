package imapd

import (
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
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/accept"
	"letterbox/directory"
	"letterbox/imapd/wire"
	"letterbox/store"
	"letterbox/telemetry"
)

// A session is one connection. Its goroutine alone touches it, but for
// link.wake and link.close.
type session struct {
	srv      *Server
	link     *link
	peer     netip.Addr
	private  bool            // nobody can listen in: TLS, or loopback if that is allowed
	overTLS  bool            // TLS is on
	stopping <-chan struct{} // closed when the server stops
	signInBy time.Time
	log      *slog.Logger

	strangersLog *slog.Logger // log before sign-in

	buf *buffers // nil while the session waits
	dec *wire.Decoder
	enc wire.Encoder

	user *directory.User // nil before sign-in
	sel  *selected       // nil when no mailbox is selected
	agreed

	watched *telemetry.Session // nil: nobody watches; see watched.go
	news    time.Time          // when what was written last, and is not flushed, was committed; zero: none
	bodies  bool               // the command reads messages
	marked  bool               // the client has marked messages of the selected mailbox as deleted

	client   string // what it calls itself, "" when it has not said
	mistakes int    // commands answered with BAD
	leaving  bool   // the session ends after this command
}

// agreed is what the client has made of the session since sign-in: all that
// UNAUTHENTICATE takes back.
type agreed struct {
	rev2      bool // IMAP4rev2 was enabled
	utf8      bool // UTF8=ACCEPT was enabled
	condstore bool // the client knows of modseqs (RFC 7162)
	qresync   bool // QRESYNC was enabled: VANISHED instead of EXPUNGE
	uidOnly   bool // UIDONLY was enabled: no message numbers
	ownLimits bool // some mailbox has an APPENDLIMIT of its own

	notify *notification // nil: NOTIFY was not used
	offer  offer         // what this user's clients are offered beside the usual
}

// Reasons to end a session, beside errors of the connection.
var (
	errStopping    = errors.New("server is shutting down")
	errMailboxGone = errors.New("selected mailbox was deleted")
	errNoLonger    = errors.New("you may no longer read the selected mailbox")
	errMistakes    = errors.New("too many bad commands")
	errInjected    = errors.New("data sent before TLS was on")
	errPipelined   = errors.New("commands sent before compression was off")
)

func (srv *Server) newSession(conn net.Conn, stopping <-chan struct{}) *session {
	s := &session{
		srv:      srv,
		link:     &link{conn: conn, writeTimeout: srv.cfg.Timeouts.Write},
		peer:     accept.Peer(conn),
		stopping: stopping,
		signInBy: time.Now().Add(srv.cfg.Timeouts.SignIn),
	}
	s.private = srv.cfg.PlaintextLoopback && s.peer.IsLoopback()
	s.dec = wire.NewDecoder(beforeSignIn())
	s.dec.OnLiteral = s.literal
	s.log = srv.cfg.Log.With("session", srv.serial.Add(1), "remote", s.peer.String())
	s.strangersLog = s.log
	s.offer = newOffer(srv.cfg, directory.Capabilities{})
	return s
}

// beforeSignIn is what strangers may send.
func beforeSignIn() wire.Limits {
	return wire.Limits{Line: 8 << 10, Literal: 8 << 10, Depth: 10, Skip: 64 << 10}
}

// afterSignIn is what users may send. An APPEND that is too large, but not
// absurdly so, is still read and thrown away: the client learns why, and does
// not try it again and again.
func afterSignIn(appendLimit int64) wire.Limits {
	return wire.Limits{Line: 64 << 10, Literal: 64 << 10, Depth: 50, Skip: 4 * appendLimit}
}

// run is the session from the first byte to the last.
func (s *session) run(ctx context.Context, secure *tls.Config) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("session panicked", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		}
	}()
	s.watched = s.srv.cfg.Telemetry.Open("imap", s.peer, s.link.close)
	s.link.watched = s.watched
	end := "broken"
	defer func() { s.watched.Close(end) }()
	defer s.link.close()
	defer s.release()
	defer s.signOut()
	err := s.start(ctx, secure)
	if err == nil {
		err = s.serve(ctx)
	}
	s.sayBye(err)
	end = ending{err}.reason()
	if err != nil && !errors.Is(err, io.EOF) {
		s.log.Info("connection broke off", "error", err)
	}
}

// start shakes hands and greets.
func (s *session) start(ctx context.Context, secure *tls.Config) error {
	if secure != nil {
		if err := s.secure(ctx, secure); err != nil {
			return err
		}
	}
	s.attach()
	s.enc.Status("*", imap.StatusResponseTypeOK, s.capabilityCode(), "Letterbox ready")
	return s.enc.Flush()
}

// secure shakes hands: from now on the connection is private.
func (s *session) secure(ctx context.Context, cfg *tls.Config) error {
	if err := s.link.secure(ctx, cfg, time.Until(s.signInBy)); err != nil {
		s.srv.cfg.Telemetry.HandshakeFailed(s.peer, err)
		return fmt.Errorf("TLS handshake: %w", err)
	}
	s.private, s.overTLS = true, true
	if conn, ok := s.link.conn.(*accept.Secured); ok {
		s.watched.Secured(conn.ConnectionState())
	}
	return nil
}

// serve executes commands until the client leaves or the connection cannot go
// on.
func (s *session) serve(ctx context.Context) error {
	for !s.leaving {
		if err := s.awaitCommand(ctx); err != nil {
			return err
		}
		if err := s.execute(ctx); err != nil {
			return err
		}
		if err := s.enc.Flush(); err != nil {
			return err
		}
		s.toldNews(telemetry.Polls)
	}
	return nil
}

// awaitCommand waits for the first byte of a command, without buffers if there
// is none yet. Meanwhile it tells what the client wants to hear at any time.
func (s *session) awaitCommand(ctx context.Context) error {
	end := time.Now().Add(s.srv.cfg.Timeouts.Idle)
	if s.user == nil {
		end = s.signInBy
	}
	for {
		ready, err := s.await(time.Until(end))
		if ready || err != nil {
			return err
		}
		if s.isStopping() {
			return errStopping
		}
		if err := s.tellUnasked(ctx); err != nil {
			return err
		}
	}
}

// tellUnasked tells, with no command in progress, what NOTIFY has asked for.
func (s *session) tellUnasked(ctx context.Context) error {
	if s.notify == nil {
		return nil
	}
	if err := s.update(!s.notify.delayed && s.wants(messageExpunge)); err != nil {
		return err
	}
	if s.isLate() {
		s.enc.Status("*", imap.StatusResponseTypeOK, highestModSeq(s.sel.settled), "all up to here was told")
	}
	s.tellNotified(ctx)
	if err := s.enc.Flush(); err != nil {
		return err
	}
	s.toldNews(telemetry.Notified)
	return nil
}

// await waits until the client has sent something, which may take a limited
// time from then on, or false when somebody woke the session. What is buffered
// for writing must be flushed.
func (s *session) await(timeout time.Duration) (ready bool, err error) {
	if s.buf == nil || s.buf.r.Buffered() == 0 {
		s.release()
		ready, err = s.link.wait(timeout)
		s.attach()
		if !ready {
			return false, err
		}
	}
	s.link.within(s.commandTime())
	return true, nil
}

// commandTime is what a command line may take: strangers get no extension by
// sending slowly.
func (s *session) commandTime() time.Duration {
	d := s.srv.cfg.Timeouts.Command
	if s.user == nil {
		d = min(d, time.Until(s.signInBy))
	}
	return d
}

func (s *session) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// literal is called before a literal is read.
func (s *session) literal(size int64, sync bool) error {
	s.link.within(s.commandTime() + transferTime(size))
	if !sync {
		return nil
	}
	s.enc.Continue("go ahead")
	return s.enc.Flush()
}

// sayBye tells the client why the server ends the connection, when it is the
// server who does.
func (s *session) sayBye(err error) {
	code, text := wire.Code(""), ""
	switch {
	case errors.Is(err, errStopping), errors.Is(err, context.Canceled):
		code, text = wire.Code(imap.ResponseCodeUnavailable), errStopping.Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		text = "you have been quiet for too long"
	case errors.Is(err, errMailboxGone), errors.Is(err, errNoLonger), errors.Is(err, errMistakes), errors.Is(err, wire.ErrAbandoned), errors.Is(err, errInjected), errors.Is(err, errPipelined):
		text = err.Error()
	default:
		return
	}
	s.attach()
	s.enc.Status("*", imap.StatusResponseTypeBye, code, text)
	if s.enc.Flush() == nil {
		s.link.linger()
	}
}

// account is the user's mail. Only after sign-in.
func (s *session) account() store.AccountID { return store.AccountID(s.user.ID) }

package imapd

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"time"

	"letterbox/directory"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// A session is one connection. Its goroutine alone touches it.
type session struct {
	srv  *Server
	link *link
	buf  *buffers // nil while the session waits
	dec  *wire.Decoder
	enc  wire.Encoder
	log  *slog.Logger

	user *directory.User // nil before sign-in
	rev2 bool            // IMAP4rev2 was enabled
	utf8 bool            // UTF8=ACCEPT was enabled
	sel  *selected       // nil when no mailbox is selected

	mistakes int  // commands answered with BAD
	leaving  bool // the session ends after this command
}

// buffers are what a session needs only while it is busy.
type buffers struct {
	r *bufio.Reader
	w *bufio.Writer
}

// Sizes of the buffers: a command mostly fits into one read, an answer is
// written in pieces of the size of a TLS record and more.
const (
	readBuffer  = 4 << 10
	writeBuffer = 32 << 10
)

func newBuffers() any {
	return &buffers{bufio.NewReaderSize(nil, readBuffer), bufio.NewWriterSize(nil, writeBuffer)}
}

var errMailboxGone = errors.New("selected mailbox was deleted")

// account is the user's mail. Only after sign-in.
func (s *session) account() store.AccountID { return store.AccountID(s.user.ID) }

// execute reads one command, runs it and writes its reply. It fails when the
// connection cannot go on.
func (s *session) execute(ctx context.Context) error {
	began := time.Now()
	c, cmd, err := s.readName()
	if err == nil {
		err = cmd.run(ctx, s, s.dec, c)
	}
	if wire.Fatal(s.dec.Err()) {
		return s.dec.Err()
	}
	if !s.dec.Ended() {
		if err := s.dec.Resync(); err != nil {
			return err
		}
	}
	r := s.replyTo(ctx, c, err)
	if cmd != nil {
		if err := s.update(cmd.mayExpunge(c.uid)); err != nil {
			return err
		}
	}
	s.enc.Status(c.tag, r.kind, r.code, r.text)
	s.srv.cfg.Telemetry.Command("imap", c.fullName(), string(r.kind), time.Since(began))
	return s.enc.Err()
}

// readName reads a command's tag and name. The call is there even on an error,
// for the reply.
func (s *session) readName() (*call, *command, error) {
	d := s.dec
	d.Begin()
	c := &call{tag: d.Tag()}
	d.SP()
	c.name = d.Keyword()
	if c.name == "UID" {
		d.SP()
		c.uid, c.name = true, d.Keyword()
	}
	if d.Err() != nil {
		if c.tag == "" {
			c.tag = "*" // RFC 9051 section 7.1.3
		}
		return c, nil, d.Err()
	}
	cmd, err := s.srv.find(c, s.state())
	return c, cmd, err
}

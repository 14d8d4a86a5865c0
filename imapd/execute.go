package imapd

import (
	"context"
	"errors"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
)

// How many BAD commands are borne.
const (
	mistakesBeforeSignIn = 10
	mistakesAfterSignIn  = 50
)

// An ending is an error of a command that ends the session without a reply.
type ending struct{ error }

func (e ending) Unwrap() error { return e.error }

// execute reads one command, runs it and writes its reply. It fails when the
// connection cannot go on.
func (s *session) execute(ctx context.Context) error {
	began := time.Now()
	s.bodies = false
	c, cmd, err := s.readName()
	if err == nil {
		err = cmd.run(ctx, s, s.dec, c)
	}
	if wire.Fatal(s.dec.Err()) {
		return s.dec.Err()
	}
	if errors.As(err, new(ending)) {
		return err
	}
	if !s.dec.Ended() {
		if err := s.dec.Resync(); err != nil {
			return err
		}
	}
	r := s.replyTo(ctx, c, err)
	gone := s.update(cmd != nil && cmd.mayExpunge(c.uid) && !c.byNumber && (c.expunges || s.wants(messageExpunge)))
	s.tellNotified(ctx)
	s.tellHighest(r)
	s.enc.Status(c.tag, r.kind, r.code, r.text)
	s.answered(c, cmd, r, time.Since(began))
	if gone != nil {
		return gone
	}
	if err := s.countMistake(r); err != nil {
		return err
	}
	if c.after != nil && err == nil {
		return c.after(ctx)
	}
	return s.enc.Err()
}

// countMistake ends the session of a client that makes too many.
func (s *session) countMistake(r *reply) error {
	if r.kind != imap.StatusResponseTypeBad {
		return nil
	}
	s.mistakes++
	s.log.Debug("bad command", "reply", r.text)
	if s.mistakes >= mistakesAfterSignIn || s.user == nil && s.mistakes >= mistakesBeforeSignIn {
		return errMistakes
	}
	return nil
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
			c.tag = "*" // there is nothing to answer to
		}
		return c, nil, d.Err()
	}
	cmd, err := s.srv.find(c, s.state())
	switch {
	case err != nil:
	case cmd.name == "UIDBATCHES" && !s.offer.has(cmd.name):
		return c, nil, bad("UIDBATCHES is not offered")
	case s.uidOnly && !c.uid && cmd.numbersMessages():
		return c, cmd, uidRequired()
	}
	return c, cmd, err
}

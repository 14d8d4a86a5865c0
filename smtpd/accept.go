package smtpd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterbox/delivery"
	"letterbox/mailauth"
	"letterbox/store"
)

// accept takes a message that was read to its end: 250 when every copy is
// durable, or the reason why nobody has it. The transaction is over either way.
func (s *session) accept(ctx context.Context, m *incoming) (*reply, error) {
	t, e := s.mail, s.envelope()
	defer s.reset()
	raw, err := m.finish()
	if err == nil {
		err = s.keep(ctx, &e, raw)
	}
	if err != nil {
		s.journalRefused(e, m.size, err)
		s.log.InfoContext(ctx, "message refused", "message", t.id, "sender", t.sender, "recipients", t.recipients, "size", m.size, "reason", err)
		s.srv.cfg.Telemetry.Refused(reason(err))
		return nil, err
	}
	s.log.InfoContext(ctx, "message accepted", "message", t.id, "sender", t.sender, "helo", s.helo,
		"recipients", t.recipients, "size", m.size, "with", e.Protocol, "took", time.Since(m.began))
	s.journalReceived(e, m.size)
	s.noteDisposable(ctx, raw)
	if s.user != nil {
		s.srv.cfg.Queue.Delivery.Junk.Answered(s.user.ID, raw)
	}
	s.accepted()
	s.sent(raw)
	return say(250, "2.0.0", "accepted as "+t.id), nil
}

// noteDisposable notes who wrote to people's disposable addresses, as they know them:
// by the author, where there is one. Nothing depends on it.
func (s *session) noteDisposable(ctx context.Context, raw []byte) {
	by := s.mail.sender
	if authors, err := delivery.Authors(raw); err == nil && len(authors) > 0 {
		by = authors[0]
	}
	for _, id := range s.mail.disposable {
		if err := s.srv.cfg.Directory.DisposableUsed(ctx, id, by); err != nil {
			s.log.ErrorContext(ctx, "the use of a disposable address was not noted", "message", s.mail.id, "error", err)
		}
	}
}

// keep hands the message over.
func (s *session) keep(ctx context.Context, e *delivery.Envelope, raw []byte) error {
	s.mail.messageID = delivery.MessageID(raw)
	if err := s.keepReturned(ctx, raw); err != nil {
		return err
	}
	e.PassedOn = s.mail.passedOn
	pieces, err := s.prepare(ctx, e, raw)
	if err != nil {
		return err
	}
	if len(s.mail.reports) > 0 {
		if err := s.takeReport(ctx, e, raw); err != nil || s.nobodyElse() {
			return err
		}
	}
	if len(pieces) == 1 {
		return s.srv.cfg.Queue.Accept(ctx, *e, pieces[0], s.mail.local, s.outbound())
	}
	changed, err := s.join(pieces)
	if err != nil {
		return err
	}
	defer changed.Close()
	if raw, err = changed.Bytes(); err != nil {
		return err
	}
	s.mail.messageID = delivery.MessageID(raw)
	return s.srv.cfg.Queue.Accept(ctx, *e, raw, s.mail.local, s.outbound())
}

// prepare checks a message and returns it as it is kept, in pieces. From outside
// it is judged, and loses what claims to be our judgement; a user's is completed.
func (s *session) prepare(ctx context.Context, e *delivery.Envelope, raw []byte) ([][]byte, error) {
	if s.user == nil {
		if err := s.judge(ctx, e, raw); err != nil {
			return nil, err
		}
		if err := s.inspect(ctx, e, raw); err != nil {
			return nil, err
		}
		return mailauth.WithoutForged(raw, s.srv.cfg.Queue.Delivery.Hostname), nil
	}
	if err := s.checkAuthors(ctx, raw); err != nil {
		return nil, err
	}
	return s.srv.cfg.Queue.Delivery.Complete(raw, *e), nil
}

// checkAuthors lets users write in no name but their own.
func (s *session) checkAuthors(ctx context.Context, raw []byte) error {
	authors, err := delivery.Authors(raw)
	if err != nil {
		return err
	}
	for _, author := range authors {
		if err := s.maySendAs(ctx, author); err != nil {
			return fmt.Errorf("author of the message: %w", err)
		}
	}
	return nil
}

// join writes the pieces of a message that was changed. It may be a little larger
// than what a client may send.
func (s *session) join(pieces [][]byte) (*store.Spool, error) {
	spool := s.srv.cfg.Store.NewSpool(0)
	for _, p := range pieces {
		if _, err := spool.Write(p); err != nil {
			return nil, errors.Join(err, spool.Close())
		}
	}
	return spool, nil
}

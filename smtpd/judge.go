package smtpd

import (
	"context"

	"letterbox/delivery"
	"letterbox/mailauth"
)

// judge finds out where a message from outside comes from, and refuses it when
// its author's domain disowns it and asks for that. A peer on this very machine
// is somebody we know: a form on the web site, a filter.
func (s *session) judge(ctx context.Context, e *delivery.Envelope, raw []byte) error {
	v := s.srv.cfg.Verifier
	if v == nil || s.peer.IsLoopback() {
		return nil
	}
	e.Verdict = v.Check(ctx, mailauth.Session{Remote: s.peer, Helo: s.helo, Sender: s.mail.sender}, raw)
	s.log.InfoContext(ctx, "message judged", "message", e.ID, "spf", e.Verdict.SPF.Result, "dmarc", e.Verdict.DMARC.Result,
		"from", e.Verdict.DMARC.From, "disposition", e.Verdict.DMARC.Disposition, "arc", e.Verdict.ARC.Result)
	if s.mail.recipients > len(s.mail.reports) { // nobody reports about reports
		s.srv.cfg.Feedback.Judged(e.Verdict, s.peer)
	}
	return e.Refused()
}

package smtpd

import (
	"context"

	"letterbox/delivery"
	"letterbox/feedback"
	"letterbox/trace"
)

// addReports takes a recipient to whom other servers send their reports: nobody, but
// the program reads them.
func (s *session) addReports(ctx context.Context, mailbox string) (taken bool, err error) {
	if s.user != nil {
		return false, nil
	}
	_, ours, err := s.srv.cfg.Feedback.Ours(ctx, mailbox)
	if !ours || err != nil {
		return false, err
	}
	s.mail.reports = append(s.mail.reports, mailbox)
	s.count(mailbox)
	return true, nil
}

// takeReport keeps the report that a message brings.
func (s *session) takeReport(ctx context.Context, e *delivery.Envelope, raw []byte) error {
	if err := s.srv.cfg.Feedback.Take(ctx, e.Verdict, s.mail.sender, raw); err != nil {
		return err
	}
	for _, address := range s.mail.reports {
		s.srv.cfg.Journal.Record(trace.Event{
			Trace: e.ID, Kind: trace.Delivered, Recipient: address,
			Notes: []trace.Note{{Name: "rule", Text: "the program reads reports of other servers itself"}},
		})
	}
	return nil
}

// nobodyElse says whether the message was for those alone.
func (s *session) nobodyElse() bool { return len(s.mail.local) == 0 && s.outbound() == nil }

// notTaken is the reply to what is no report.
func notTaken(err *feedback.RefusedError) *reply {
	switch {
	case err.Temporary:
		return say(450, "4.7.1", err.Text)
	case err.Unsigned:
		return say(550, "5.7.26", err.Text)
	}
	return say(554, "5.6.0", err.Text)
}

package smtpd

import (
	"context"

	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/junk"
)

// inspect lets others look at a message from outside who were set up for it: lists
// of addresses, rspamd, milters, a virus scanner. One of them may refuse it; what
// else they say goes on with it.
func (s *session) inspect(ctx context.Context, e *delivery.Envelope, raw []byte) (err error) {
	m := &junk.Submission{
		ID: e.ID, Hostname: s.srv.cfg.Hostname, Remote: s.peer, RemoteName: e.RemoteName,
		Helo: s.helo, Sender: s.mail.sender, Raw: raw,
	}
	for _, r := range s.mail.local {
		m.Recipients = append(m.Recipients, r.Address)
	}
	e.Evidence, err = s.srv.cfg.Queue.Delivery.Junk.Inspect(ctx, m)
	return err
}

// greylist lets whoever writes to a user for the first time come back later, if that
// is switched on.
func (s *session) greylist(ctx context.Context, r directory.Recipient) error {
	if s.user != nil || s.mail.sender == "" {
		return nil // a bounce comes once
	}
	return s.srv.cfg.Queue.Delivery.Junk.Greylisted(ctx, s.peer, s.mail.sender, r.User.ID)
}

// refusal is the reply to a message that somebody else refuses.
func refusal(err *junk.RefusedError) *reply {
	code, enhanced := 550, "5.7.1"
	if err.Temporary {
		code, enhanced = 451, "4.7.1"
	}
	if err.Code/100 == code/100 {
		code = err.Code
	}
	return say(code, enhanced, err.Text)
}

package smtpd

import (
	"context"
	"errors"
	"slices"
	"strings"

	"letterbox/directory"
	"letterbox/queue"
)

// tooManyRecipients is the enhanced code for that (RFC 3463).
const tooManyRecipients = "4.5.3"

// rcpt names a recipient.
func rcpt(ctx context.Context, s *session, args string) (*reply, error) {
	if s.mail == nil || s.mail.chunks != nil {
		return nil, refuse(503, "5.5.1", "not now; MAIL comes first, then RCPT, then the message")
	}
	mailbox, text, err := parsePath(args, "TO:")
	if err != nil {
		return nil, err
	}
	params, err := parseParameters(text)
	if err != nil {
		return nil, err
	}
	if s.mail.recipients >= s.srv.cfg.Limits.Recipients {
		// RFC 5321 section 4.5.3.1.10: the client sends the message to those it has
		// named, and once more to the others.
		return nil, refuse(452, tooManyRecipients, "one message may have %d recipients; send it to the others apart", s.srv.cfg.Limits.Recipients)
	}
	var wishes queue.Recipient
	for _, p := range params {
		if err := s.rcptParameter(&wishes, p); err != nil {
			return nil, err
		}
	}
	if err := s.mayName(); err != nil {
		return nil, err
	}
	if err := s.addRecipient(ctx, mailbox, wishes); err != nil {
		s.log.Info("recipient refused", "sender", s.mail.sender, "recipient", mailbox, "reason", err)
		s.srv.cfg.Telemetry.Refused(reason(err))
		s.journalRecipient(mailbox, err)
		return nil, err
	}
	return say(250, "2.1.5", "go on"), nil
}

// addRecipient finds where mail for an address goes, and whether there is room.
func (s *session) addRecipient(ctx context.Context, mailbox string, wishes queue.Recipient) error {
	if !s.mail.utf8 && !isASCII(mailbox) {
		return refuse(553, "5.6.7", "an address with such letters needs SMTPUTF8")
	}
	if taken, err := s.addReports(ctx, mailbox); taken || err != nil {
		return err
	}
	found, err := s.srv.cfg.Directory.Resolve(ctx, mailbox)
	if errors.Is(err, directory.ErrNotOurs) && s.user != nil {
		return s.addRemote(mailbox, wishes)
	}
	if errors.Is(err, directory.ErrNoSuchUser) && s.mail.sender == "" {
		// A bounce of what we passed on goes back to whom it came from, as the signed
		// address says; nothing else may use it.
		if original, err := s.srv.cfg.Queue.Original(ctx, mailbox); err == nil {
			wishes.By = mailbox
			return s.addRemote(original, wishes)
		}
	}
	if err != nil {
		return err
	}
	for _, r := range found {
		if r.User == nil {
			continue
		}
		if err := s.srv.cfg.Queue.Delivery.Room(ctx, r.User, s.mail.size); err != nil {
			return err
		}
		if err := s.greylist(ctx, r); err != nil {
			return err
		}
	}
	for _, r := range found {
		if r.User != nil {
			s.mail.local = append(s.mail.local, r)
			s.mail.note(mailbox, wishes)
			continue
		}
		wishes.Address, wishes.By, wishes.Passer = r.Forward, r.Address, 0
		if last := len(r.Via) - 1; last >= 0 {
			wishes.Passer = r.Via[last].ID
		}
		s.mail.remote = append(s.mail.remote, wishes)
	}
	s.mail.passedOn = append(s.mail.passedOn, passersOn(found)...)
	if id := found[0].Disposable; id != 0 {
		s.mail.disposable = append(s.mail.disposable, id)
	}
	s.count(mailbox)
	return nil
}

// note remembers that the sender wishes to hear that a message has arrived at an
// address here. Nobody is told about a message from <>.
func (t *transaction) note(mailbox string, wishes queue.Recipient) {
	known := slices.ContainsFunc(t.delivered, func(r queue.Recipient) bool { return r.Address == mailbox })
	if known || t.sender == "" || !slices.Contains(strings.Split(wishes.Notify, ","), "SUCCESS") {
		return
	}
	wishes.Address = mailbox
	t.delivered = append(t.delivered, wishes)
}

// addRemote takes a recipient elsewhere: from a user alone, but for bounces of
// what was passed on.
func (s *session) addRemote(mailbox string, wishes queue.Recipient) error {
	a, err := directory.ParseAddress(mailbox)
	if err != nil {
		return err
	}
	wishes.Address = a.String()
	s.mail.remote = append(s.mail.remote, wishes)
	s.count(wishes.Address)
	return nil
}

func (s *session) count(address string) {
	if s.mail.recipients++; s.mail.recipients == 1 {
		s.mail.only = address
	}
}

// rcptParameter notes a parameter of RCPT (RFC 3461).
func (s *session) rcptParameter(r *queue.Recipient, p parameter) error {
	if !s.extended {
		return refuse(555, "5.5.4", "parameters need EHLO")
	}
	switch p.key {
	case "NOTIFY":
		r.Notify = strings.ToUpper(p.value)
		if !isNotify(r.Notify) {
			return refuse(501, "5.5.4", "NOTIFY is NEVER, or some of SUCCESS,FAILURE,DELAY")
		}
	case "ORCPT":
		r.ORcpt = p.value
		if !isOriginal(p.value) {
			return refuse(501, "5.5.4", "ORCPT is a type, a semicolon and an address in xtext, up to 500 characters")
		}
	default:
		return unknownParameter(p)
	}
	return nil
}

func isNotify(value string) bool {
	if value == "NEVER" {
		return true
	}
	seen := map[string]bool{}
	for word := range strings.SplitSeq(value, ",") {
		if seen[word] || word != "SUCCESS" && word != "FAILURE" && word != "DELAY" {
			return false
		}
		seen[word] = true
	}
	return true
}

// isOriginal checks ORCPT (RFC 3461 section 4.2). An address of type utf-8 may
// hold other letters (RFC 6533 section 3).
func isOriginal(value string) bool {
	kind, address, ok := strings.Cut(value, ";")
	if !ok || !isKeyword(kind) || len(value) > 500 {
		return false
	}
	return isXtext(address) || strings.EqualFold(kind, "utf-8") && isValue(address)
}

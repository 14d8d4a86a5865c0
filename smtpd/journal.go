package smtpd

import (
	"errors"
	"strings"

	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/trace"
)

// event is what is known of the message under way.
func (s *session) event(t *transaction, kind trace.Kind) trace.Event {
	e := trace.Event{
		Trace: t.id, Kind: kind, Sender: t.sender, MessageID: t.messageID, Size: t.size, Remote: s.peer, Helo: s.helo,
	}
	if s.user != nil {
		e.Account = s.user.ID
	}
	return e
}

// journalReceived notes a message that was accepted. Its time is that of its
// Received line: before it went to anybody.
func (s *session) journalReceived(e delivery.Envelope, size int64) {
	event := s.event(s.mail, trace.Received)
	event.At, event.Size, event.Notes = e.Received, size, e.Notes()
	event.Protocol = strings.TrimSpace(e.Protocol + " " + e.TLS)
	s.srv.cfg.Journal.Record(event)
}

// journalSender notes that a message was refused at MAIL.
func (s *session) journalSender(t *transaction, mailbox string, err error) {
	event := s.event(t, trace.Refused)
	event.Sender, event.Reply = mailbox, inWords(err)
	s.srv.cfg.Journal.Record(event)
}

// journalRecipient notes that a recipient was refused.
func (s *session) journalRecipient(mailbox string, err error) {
	event := s.event(s.mail, trace.Refused)
	event.Recipient, event.Reply = mailbox, inWords(err)
	if off := (*directory.SwitchedOffError)(nil); errors.As(err, &off) && s.user == nil {
		event.Account = off.Owner
	}
	s.srv.cfg.Journal.Record(event)
}

// journalRefused notes that a whole message was refused, for each of its
// recipients: what they wait for was not kept from them in silence.
func (s *session) journalRefused(e delivery.Envelope, size int64, err error) {
	event := s.event(s.mail, trace.Refused)
	event.Size, event.Reply, event.Notes = size, inWords(err), e.Notes()
	event.Protocol = strings.TrimSpace(e.Protocol + " " + e.TLS)
	for _, address := range s.mail.reports {
		event.Recipient = address
		s.srv.cfg.Journal.Record(event)
	}
	for _, r := range s.mail.remote {
		event.Recipient = r.Address
		s.srv.cfg.Journal.Record(event)
	}
	for _, r := range s.mail.local {
		event.Recipient = r.Address
		if s.user == nil {
			event.Account = r.User.ID
		}
		s.srv.cfg.Journal.Record(event)
	}
}

// inWords is the reply to an error; what is not known gets its id only in the log.
func inWords(err error) string {
	if r := known(err); r != nil {
		return strings.ReplaceAll(r.Error(), "\r\n", " ")
	}
	return "451 4.3.0 internal error; the server's log has the details"
}

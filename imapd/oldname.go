package imapd

import (
	"github.com/emersion/go-imap/v2"
	"golang.org/x/text/unicode/norm"
	"letterbox/store"
)

// isNormal reports whether a name is kept as it was written.
func isNormal(name string) bool { return norm.NFC.IsNormalString(name) }

// tellNormalised tells an IMAP4rev2 client that the name it wrote was changed
// into the mailbox's (RFC 9051 sections 6.3.4 and 6.3.9.7).
func (s *session) tellNormalised(m store.Mailbox, written string) {
	if s.rev2 && !isNormal(written) {
		s.listOne(m, written)
	}
}

// listOne writes the LIST response for a mailbox out of turn, with OLDNAME when
// the client wrote its name in another form.
func (s *session) listOne(m store.Mailbox, written string) {
	attrs := attributes(&listed{Mailbox: m, exists: true})
	if m.Subscribed {
		attrs = append(attrs, imap.MailboxAttrSubscribed)
	}
	s.writeListed("LIST", attrs, m.Name)
	if !isNormal(written) {
		s.enc.Text(` ("OLDNAME" (`)
		s.enc.Mailbox(written)
		s.enc.Text("))")
	}
	s.enc.CRLF()
}

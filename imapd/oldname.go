package imapd

import (
	"slices"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/text/unicode/norm"
)

// Names are kept in Unicode's form NFC. A client that writes another form is
// told the name that it got, if it speaks IMAP4rev2 (RFC 9051 section 6.3.9.7).

// mustTell reports whether the client is to be told what became of the names
// that it wrote.
func (s *session) mustTell(names ...string) bool {
	return s.rev2 && !isNormal(names...)
}

// isNormal reports whether names are kept as they were written.
func isNormal(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !norm.NFC.IsNormalString(name) })
}

// tellName writes the LIST response for a mailbox out of turn, with OLDNAME if
// there is one.
func (s *session) tellName(m listed, oldName string) {
	attrs := attributes(&m)
	if m.Subscribed {
		attrs = append(attrs, imap.MailboxAttrSubscribed)
	}
	s.writeListed("LIST", attrs, m.Name)
	if oldName != "" {
		s.enc.Text(` ("OLDNAME" (`)
		s.enc.Mailbox(oldName)
		s.enc.Text("))")
	}
	s.enc.CRLF()
}

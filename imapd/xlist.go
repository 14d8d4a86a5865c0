package imapd

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
)

// xlist runs XLIST, which Google had before there was RFC 6154 and which old
// clients know special uses from: LIST, with attributes by other names.
func xlist(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	reference := d.Mailbox()
	d.SP()
	pattern := reference + d.ListMailbox()
	if err := d.End(); err != nil {
		return err
	}
	mailboxes, _, err := s.visible(ctx)
	if err != nil {
		return err
	}
	all := &listing{patterns: []string{pattern}}
	for _, m := range all.choose(mailboxes, nil) {
		s.writeListed("XLIST", xlistAttributes(&m), m.Name)
		s.enc.CRLF()
	}
	return nil
}

func xlistAttributes(m *listed) []imap.MailboxAttr {
	attrs := slices.Clone(attributes(m))
	for i, attr := range attrs {
		switch attr {
		case imap.MailboxAttrJunk:
			attrs[i] = `\Spam`
		case imap.MailboxAttrArchive, imap.MailboxAttrAll:
			attrs[i] = `\AllMail`
		case imap.MailboxAttrFlagged:
			attrs[i] = `\Starred`
		}
	}
	if m.Name == inbox {
		attrs = append(attrs, `\Inbox`)
	}
	return attrs
}

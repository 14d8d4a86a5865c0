package imapd

import (
	"context"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
)

// create runs CREATE (RFC 9051 section 6.3.4) with USE (RFC 6154 section 3).
func create(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	name := d.Mailbox()
	var uses []imap.MailboxAttr
	if d.Accept(' ') {
		d.List(func() {
			if d.Keyword() != "USE" {
				d.Fail("USE")
			}
			d.SP()
			d.List(func() { uses = append(uses, imap.MailboxAttr(d.Flag())) })
		})
	}
	if err := d.End(); err != nil {
		return err
	}
	use, err := specialUse(uses)
	if err != nil {
		return err
	}
	p, err := s.target(ctx, name)
	if err != nil {
		return err
	}
	if use != "" && !p.own() {
		return no("USEATTR", "the uses of mailboxes are their owner's to choose")
	}
	s.touches(name)
	mailbox, err := s.srv.cfg.Store.CreateMailbox(ctx, p.account, p.name, use)
	if err != nil {
		return err
	}
	s.created(ctx, p, *mailbox)
	mailbox.Name = p.prefix + mailbox.Name
	if s.mustTell(name) {
		s.tellName(listed{Mailbox: *mailbox, exists: true}, name)
	}
	c.code = wire.Code("MAILBOXID (" + mailboxID(mailbox.ID) + ")") // RFC 8474 section 4.1
	c.text = "CREATE completed"
	return nil
}

// specialUse is the one use that a mailbox may have here.
func specialUse(uses []imap.MailboxAttr) (imap.MailboxAttr, error) {
	known := []imap.MailboxAttr{
		imap.MailboxAttrArchive, imap.MailboxAttrDrafts, imap.MailboxAttrJunk,
		imap.MailboxAttrSent, imap.MailboxAttrTrash,
	}
	if len(uses) == 0 {
		return "", nil
	}
	if len(uses) == 1 {
		for _, use := range known {
			if strings.EqualFold(string(use), string(uses[0])) {
				return use, nil
			}
		}
	}
	return "", no("USEATTR", `a mailbox can be one of \Archive, \Drafts, \Junk, \Sent and \Trash`)
}

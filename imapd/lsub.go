package imapd

import (
	"context"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// lsub runs LSUB (RFC 3501 section 6.3.9), which IMAP4rev2 has no more. Some
// clients know the folders' uses from it alone, so it has the attributes of
// LIST.
func lsub(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	reference := d.Mailbox()
	d.SP()
	pattern := reference + d.ListMailbox()
	if err := d.End(); err != nil {
		return err
	}
	mailboxes, dangling, err := s.visible(ctx)
	if err != nil {
		return err
	}
	all := &listing{patterns: []string{"*"}, selectSubscribed: true}
	subscribed := all.choose(mailboxes, dangling)
	match := newMatcher([]string{pattern})
	for _, m := range subscribed {
		if match.name(m.Name) {
			s.tellSubscribed(&m)
		}
	}
	if strings.HasSuffix(pattern, "%") {
		s.tellLevels(subscribed, match)
	}
	return nil
}

func (s *session) tellSubscribed(m *listed) {
	attrs := []imap.MailboxAttr{imap.MailboxAttrNoSelect}
	if m.exists {
		attrs = attributes(m)
	}
	s.writeListed("LSUB", attrs, m.Name)
	s.enc.CRLF()
}

// tellLevels reports levels that are not subscribed but stand above names that
// are: RFC 3501 section 6.3.9 wants them for a "%" at the end.
func (s *session) tellLevels(subscribed []listed, match *matcher) {
	told := map[string]bool{}
	for _, m := range subscribed {
		told[m.Name] = true
	}
	for _, m := range subscribed {
		for level := range ancestors(m.Name) {
			if !told[level] && match.name(level) {
				told[level] = true
				s.tellSubscribed(&listed{Mailbox: store.Mailbox{Name: level}})
			}
		}
	}
}

package imapd

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// rename runs RENAME (RFC 9051 section 6.3.6).
func rename(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	from := d.Mailbox()
	d.SP()
	to := d.Mailbox()
	if err := d.End(); err != nil {
		return err
	}
	_, source, err := s.find(ctx, from, store.DeleteBox)
	if err != nil {
		return err
	}
	dest, err := s.target(ctx, to)
	if err != nil {
		return err
	}
	if source.account != dest.account {
		return no(imap.ResponseCodeCannot, "a mailbox stays in its account; make another one there and move the messages")
	}
	s.touches(from, to)
	if err := s.srv.cfg.Store.RenameMailbox(ctx, source.account, source.name, dest.name); err != nil {
		return err
	}
	if s.mustTell(from, to) {
		mailbox, err := s.mailbox(ctx, to, 0)
		if err != nil {
			return err
		}
		s.tellName(listed{Mailbox: *mailbox, exists: true}, from)
	}
	return nil
}

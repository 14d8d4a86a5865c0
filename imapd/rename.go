package imapd

import (
	"context"

	"letterbox/imapd/wire"
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
	s.touches(from, to)
	if err := s.srv.cfg.Store.RenameMailbox(ctx, s.account(), from, to); err != nil {
		return err
	}
	if s.mustTell(from, to) {
		mailbox, err := s.srv.cfg.Store.Mailbox(ctx, s.account(), to)
		if err != nil {
			return err
		}
		s.tellName(listed{Mailbox: *mailbox, exists: true}, from)
	}
	return nil
}

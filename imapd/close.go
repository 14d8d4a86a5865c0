package imapd

import (
	"context"

	"letterbox/imapd/wire"
	"letterbox/store"
)

// closeMailbox runs CLOSE (RFC 9051 section 6.4.1): messages with \Deleted go,
// without a word about them.
func closeMailbox(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	if err := d.End(); err != nil {
		return err
	}
	// RFC 4314 section 4: without the right it just closes.
	id, readOnly := s.sel.id, s.sel.readOnly || !s.rights().Has(store.Remove)
	if readOnly {
		s.deselect()
		return nil
	}
	mailbox := s.sel.view.Mailbox()
	s.marked = false // they go
	s.deselect()
	gone, _, err := s.srv.cfg.Store.Expunge(ctx, id, nil)
	s.removed(mailbox, uidCount(gone))
	return err
}

// unselect runs UNSELECT (RFC 9051 section 6.4.2).
func unselect(_ context.Context, s *session, d *wire.Decoder, _ *call) error {
	if err := d.End(); err != nil {
		return err
	}
	s.deselect()
	return nil
}

package imapd

import (
	"context"

	"golang.org/x/text/unicode/norm"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// deleteMailbox runs DELETE (RFC 9051 section 6.3.5). Who has the mailbox
// selected finds it gone; the session that deletes it is told that it is closed.
func deleteMailbox(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	name := d.Mailbox()
	if err := d.End(); err != nil {
		return err
	}
	_, p, err := s.find(ctx, name, store.DeleteBox)
	if err != nil {
		return err
	}
	s.touches(name)
	if err := s.srv.cfg.Store.DeleteMailbox(ctx, p.account, p.name); err != nil {
		return err
	}
	s.watched.Habits().Folder(p.name, false)
	if s.mustTell(name) {
		s.tellName(listed{Mailbox: store.Mailbox{Name: norm.NFC.String(name)}}, name)
	}
	if s.sel != nil && s.sel.view.Snapshot().Gone {
		s.deselect()
		s.enc.Text("* OK [CLOSED] the selected mailbox was deleted\r\n")
	}
	return nil
}

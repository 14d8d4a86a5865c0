package imapd

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
)

// logout runs LOGOUT (RFC 9051 section 6.1.3).
func logout(_ context.Context, s *session, d *wire.Decoder, _ *call) error {
	if err := d.End(); err != nil {
		return err
	}
	s.deselect()
	s.leaving = true
	s.enc.Status("*", imap.StatusResponseTypeBye, "", "see you")
	return nil
}

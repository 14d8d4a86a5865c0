package imapd

import (
	"context"

	"letterbox/imapd/wire"
)

// namespace runs NAMESPACE (RFC 9051 section 6.3.10): one's own mailboxes, and
// none of other users or shared.
func namespace(_ context.Context, s *session, d *wire.Decoder, _ *call) error {
	if err := d.End(); err != nil {
		return err
	}
	s.enc.Text("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n")
	return nil
}

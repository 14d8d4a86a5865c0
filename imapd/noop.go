package imapd

import (
	"context"

	"letterbox/imapd/wire"
)

// noop runs NOOP and CHECK (RFC 9051 section 6.1.2, RFC 3501 section 6.4.1):
// the session tells what changed, as after every command. Nothing is ever left
// to be flushed to disk.
func noop(_ context.Context, s *session, d *wire.Decoder, _ *call) error {
	s.watched.Habits().Polled()
	return d.End()
}

package imapd

import (
	"context"

	"letterbox/imapd/wire"
)

// unauthenticate runs UNAUTHENTICATE (RFC 8437): the connection is as it was
// after TLS, and somebody else may sign in. What was deleted in the selected
// mailbox is not expunged.
func unauthenticate(_ context.Context, s *session, d *wire.Decoder, c *call) error {
	if err := d.End(); err != nil {
		return err
	}
	who := s.user.Address
	s.signOut()
	s.watched.SignedOut()
	s.log.Info("signed out", "account", who)
	c.code, c.text = s.capabilityCode(), "signed out"
	if s.link.in == nil {
		return nil
	}
	c.after = func(context.Context) error {
		// Compression ends with this command, whose last bits may stand in the
		// way of commands that were sent together with it. RFC 8437 section 3
		// lets the server give up then.
		if s.buf.r.Buffered() > 0 {
			return errPipelined
		}
		if err := s.enc.Flush(); err != nil {
			return err
		}
		s.link.decompress()
		return nil
	}
	return nil
}

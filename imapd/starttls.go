package imapd

import (
	"context"

	"letterbox/imapd/wire"
)

// startTLS runs STARTTLS (RFC 9051 section 6.2.1).
func startTLS(_ context.Context, s *session, d *wire.Decoder, c *call) error {
	if err := d.End(); err != nil {
		return err
	}
	if s.srv.cfg.TLS == nil || s.overTLS {
		return bad("STARTTLS is not available")
	}
	c.text = "begin TLS now"
	c.after = func(ctx context.Context) error {
		// Commands that came in one packet with STARTTLS may have been put there
		// by somebody between: they must not be taken for the client's once TLS
		// is on.
		if s.buf.r.Buffered() > 0 {
			return errInjected
		}
		if err := s.enc.Flush(); err != nil {
			return err
		}
		return s.secure(ctx, s.srv.cfg.TLS)
	}
	return nil
}

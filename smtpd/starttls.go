package smtpd

import "context"

// startTLS runs STARTTLS (RFC 3207).
func startTLS(ctx context.Context, s *session, args string) (*reply, error) {
	switch {
	case args != "":
		return nil, refuse(501, "5.5.4", "STARTTLS stands alone")
	case s.tls != nil:
		return nil, refuse(503, "5.5.1", "TLS is on already")
	case s.srv.cfg.TLS == nil:
		return nil, refuse(454, "4.7.0", "there is no TLS here")
	case s.r.Buffered() > 0:
		// What was sent in the clear must not be taken for something that came
		// encrypted, and who sends it means no good.
		return nil, ending{errInjected}
	}
	s.write(say(220, "2.0.0", "go ahead"))
	if err := s.w.Flush(); err != nil {
		return nil, ending{err}
	}
	if err := s.secure(ctx); err != nil {
		return nil, ending{err}
	}
	// RFC 3207 section 4.2: all that was said before is forgotten.
	s.reset()
	s.helo, s.extended, s.user = "", false, nil
	s.srv.cfg.Telemetry.Command(s.door.protocol, "STARTTLS", "2", 0)
	return nil, nil
}

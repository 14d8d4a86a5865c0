package smtpd

import "context"

// rset forgets the message under way.
func rset(_ context.Context, s *session, args string) (*reply, error) {
	if args != "" {
		return nil, refuse(501, "5.5.4", "RSET stands alone")
	}
	s.reset()
	return say(250, "2.0.0", "forgotten"), nil
}

func noop(context.Context, *session, string) (*reply, error) {
	return say(250, "2.0.0", "nothing done"), nil
}

// vrfy tells nobody who has mail here (RFC 5321 section 7.3).
func vrfy(_ context.Context, _ *session, args string) (*reply, error) {
	if args == "" {
		return nil, refuse(501, "5.5.4", "VRFY wants an address")
	}
	return say(252, "2.5.0", "send mail and see"), nil
}

func expn(context.Context, *session, string) (*reply, error) {
	return nil, refuse(502, "5.5.1", "lists are not told")
}

func help(context.Context, *session, string) (*reply, error) {
	return say(214, "2.0.0", "Letterbox knows these commands (RFC 5321):",
		"HELO EHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN HELP QUIT"), nil
}

// quit ends the session. A message that was not finished is not accepted.
func quit(_ context.Context, s *session, args string) (*reply, error) {
	if args != "" {
		return nil, refuse(501, "5.5.4", "QUIT stands alone")
	}
	s.write(say(221, "2.0.0", "goodbye"))
	return nil, ending{errLeft}
}

package smtpd

import (
	"context"
	"fmt"
	"strings"
)

func helo(_ context.Context, s *session, args string) (*reply, error) {
	if err := s.hello(args, false); err != nil {
		return nil, err
	}
	return say(250, "", s.srv.cfg.Hostname), nil
}

// ehlo answers with what this connection offers. The reply to it has no enhanced
// code (RFC 2034 section 3).
func ehlo(_ context.Context, s *session, args string) (*reply, error) {
	if err := s.hello(args, true); err != nil {
		return nil, err
	}
	return say(250, "", append([]string{s.srv.cfg.Hostname}, s.extensions()...)...), nil
}

// maxHelo is the longest domain (RFC 5321 section 4.5.3.1.2).
const maxHelo = 255

// hello notes the client's name; what was under way is forgotten (RFC 5321
// section 4.1.4). The name is not judged: too many clients have none.
func (s *session) hello(args string, extended bool) error {
	if args == "" || len(args) > maxHelo || strings.ContainsAny(args, " \t") {
		return refuse(501, "5.5.4", "say who you are: the name of your machine, or its address in brackets")
	}
	s.reset()
	s.helo, s.extended = args, extended
	return nil
}

// extensions are the EHLO keywords.
func (s *session) extensions() []string {
	list := []string{
		"PIPELINING",
		fmt.Sprintf("SIZE %d", s.srv.cfg.Limits.Message),
		"8BITMIME",
		"SMTPUTF8",
		"CHUNKING",
		"ENHANCEDSTATUSCODES",
		"DSN",
		fmt.Sprintf("LIMITS RCPTMAX=%d", s.srv.cfg.Limits.Recipients),
	}
	if s.tls != nil {
		list = append(list, "REQUIRETLS") // RFC 8689 section 2: over TLS alone
	} else if s.srv.cfg.TLS != nil {
		list = append(list, "STARTTLS")
	}
	if s.mayAuth() {
		list = append(list, "AUTH "+strings.Join(s.announced(), " "))
	}
	return list
}

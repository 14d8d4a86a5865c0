package smtpd

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"
	"letterbox/directory"
	"letterbox/telemetry"
)

// mayAuth reports whether AUTH is on offer: where users send, and nobody listens.
func (s *session) mayAuth() bool { return s.door.submit && s.private && s.user == nil }

// auth runs AUTH (RFC 4954).
func auth(ctx context.Context, s *session, args string) (*reply, error) {
	mechanism, initial, hasInitial := strings.Cut(args, " ")
	mechanism = strings.ToUpper(mechanism)
	if err := s.checkAuth(mechanism); err != nil {
		return nil, err
	}
	var response []byte
	if hasInitial {
		var err error
		if response, err = decodeSASL(strings.TrimSpace(initial)); err != nil {
			return nil, err
		}
	}
	var user *directory.User
	peer := s.signInPeer()
	if !isBound(mechanism) {
		peer.Bindings = nil // or who believes that nothing can be bound would be refused
	}
	exchange, err := s.srv.cfg.Directory.SASL(ctx, peer, mechanism, func(u *directory.User) { user = u })
	if err != nil {
		return nil, err
	}
	if err := s.converse(exchange, response); err != nil {
		return nil, s.signInFailed(err, mechanism)
	}
	s.user = user
	s.log = s.log.With("account", user.Address)
	s.log.Info("signed in", "mechanism", mechanism, "tls", s.tls != nil)
	s.srv.cfg.Telemetry.SignIn(s.door.protocol, "ok")
	s.watched.SignedIn(user.ID, user.Address, mechanism, openedWith(user))
	return say(235, "2.7.0", "signed in"), nil
}

// openedWith is the app password that the user has just signed in with, for telemetry.
func openedWith(user *directory.User) (p telemetry.AppPassword) {
	if user.AppPassword != nil {
		p = telemetry.AppPassword{ID: user.AppPassword.ID, Name: user.AppPassword.Name}
	}
	return p
}

func (s *session) checkAuth(mechanism string) error {
	switch {
	case !s.door.submit:
		return refuse(503, "5.5.1", "nobody signs in on this port; users send on the submission port")
	case !s.extended:
		return refuse(503, "5.5.1", "say EHLO first")
	case s.user != nil:
		return refuse(503, "5.5.1", "you are signed in already")
	case s.mail != nil:
		return refuse(503, "5.5.1", "not within a message")
	case !s.private:
		s.srv.cfg.Telemetry.Exposed(s.door.protocol, "", s.peer)
		return refuse(538, "5.7.11", "use STARTTLS first: a password must not cross in the clear")
	case !slices.Contains(s.mechanisms(), mechanism):
		return refuse(504, "5.5.4", "no such mechanism; there are %s", strings.Join(s.mechanisms(), " "))
	}
	return nil
}

func (s *session) signInPeer() directory.Peer {
	return directory.Peer{Protocol: s.door.protocol, Remote: s.peer, TLS: s.tls != nil, Bindings: s.link.bindings()}
}

// mechanisms are those on offer, once the connection is private.
func (s *session) mechanisms() []string {
	return s.srv.cfg.Directory.Mechanisms(s.signInPeer(), true)
}

// announced are the mechanisms that EHLO tells of. Those that are bound to TLS are
// for who asks for them: mutt takes one as soon as it hears of it, has nothing to
// bind, and in SMTP tries no other.
func (s *session) announced() []string {
	return slices.DeleteFunc(s.mechanisms(), isBound)
}

func isBound(mechanism string) bool { return strings.HasSuffix(mechanism, "-PLUS") }

// converse carries the exchange to its end. A nil response means that the
// client sent none with the command.
func (s *session) converse(exchange sasl.Server, response []byte) error {
	for {
		challenge, done, err := exchange.Next(response)
		if err != nil {
			return err
		}
		if done && len(challenge) == 0 {
			return nil
		}
		// The server's last word may have to be sent in a challenge of its own,
		// which the client answers with an empty line (RFC 4422 section 3.6).
		if response, err = s.challenge(challenge); err != nil || done {
			return err
		}
	}
}

// challenge sends a challenge and reads the response.
func (s *session) challenge(challenge []byte) ([]byte, error) {
	s.write(say(334, "", base64.StdEncoding.EncodeToString(challenge)))
	line, err := s.awaitCommand()
	switch {
	case errors.As(err, new(*reply)):
		return nil, err
	case err != nil:
		return nil, ending{err}
	case line == "*":
		return nil, refuse(501, "5.7.0", "sign-in was cancelled")
	case line == "":
		return []byte{}, nil
	}
	return decodeSASL(line)
}

// decodeSASL decodes base64; "=" is an initial response of no bytes.
func decodeSASL(text string) ([]byte, error) {
	if text == "=" {
		return []byte{}, nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, refuse(501, "5.5.2", "expected base64")
	}
	return b, nil
}

// signInFailed notes a refusal and passes the error on.
func (s *session) signInFailed(err error, mechanism string) error {
	result := "bad"
	if errors.As(err, new(*directory.ThrottledError)) {
		result = "throttled"
	}
	s.log.Info("sign-in refused", "mechanism", mechanism, "reason", err)
	s.srv.cfg.Telemetry.SignIn(s.door.protocol, result)
	return err
}

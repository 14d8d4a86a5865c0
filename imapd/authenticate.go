package imapd

import (
	"context"
	"encoding/base64"
	"slices"

	"github.com/emersion/go-sasl"
	"letterbox/directory"
	"letterbox/imapd/wire"
)

// maxSASLLine bounds what a client sends at once in a SASL exchange.
const maxSASLLine = 8 << 10

// authenticate runs AUTHENTICATE (RFC 9051 section 6.2.2).
func authenticate(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	mechanism := d.Keyword()
	initial, hasInitial := "", d.Accept(' ')
	if hasInitial {
		initial = d.Base64Text()
	}
	if err := d.End(); err != nil {
		return err
	}
	if err := s.offers(mechanism); err != nil {
		return err
	}
	var user *directory.User
	exchange, err := s.srv.cfg.Directory.SASL(ctx, s.signInPeer(), mechanism, func(u *directory.User) { user = u })
	if err != nil {
		return s.signInFailed(err, mechanism)
	}
	var response []byte
	if hasInitial {
		if response, err = decodeSASL(initial); err != nil {
			return err
		}
	}
	if err := s.converse(exchange, response); err != nil {
		return s.signInFailed(err, mechanism)
	}
	return s.signIn(ctx, user, mechanism, c)
}

// offers refuses mechanisms that are not on offer here.
func (s *session) offers(mechanism string) error {
	switch {
	case slices.Contains(s.srv.cfg.Directory.Mechanisms(s.signInPeer(), s.private), mechanism):
		return nil
	case slices.Contains(s.srv.cfg.Directory.Mechanisms(s.signInPeer(), true), mechanism):
		s.srv.cfg.Telemetry.Exposed("imap", "", s.peer)
		return errNotPrivate()
	}
	return no("", "no such mechanism: %.40s", mechanism)
}

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
	s.enc.Continue(base64.StdEncoding.EncodeToString(challenge))
	if err := s.enc.Flush(); err != nil {
		return nil, err
	}
	s.link.within(s.commandTime())
	line, err := s.dec.Line(maxSASLLine)
	if err != nil {
		return nil, err
	}
	if line == "*" {
		return nil, bad("sign-in was cancelled")
	}
	if line == "" {
		return []byte{}, nil
	}
	return decodeSASL(line)
}

// decodeSASL decodes base64; "=" is an initial response of no bytes (RFC 4959).
func decodeSASL(text string) ([]byte, error) {
	if text == "=" {
		return []byte{}, nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, bad("expected base64")
	}
	return b, nil
}

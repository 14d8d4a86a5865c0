package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/emersion/go-sasl"
)

// ErrBadResponse is a SASL response that its mechanism does not allow: the
// client's mistake, and no guess at a password.
var ErrBadResponse = errors.New("malformed SASL response")

// The mechanisms' names. There is no CRAM-MD5, which some clients would prefer
// to SCRAM once they see it.
const (
	mechSCRAM     = "SCRAM-SHA-256"
	mechSCRAMPlus = "SCRAM-SHA-256-PLUS"
	mechPlain     = "PLAIN"
	mechLogin     = "LOGIN"
	mechBearer    = "OAUTHBEARER"
)

// Mechanisms are the SASL mechanisms on offer to a peer, best first. Those that
// show the password are there only when the connection is private; with its TLS
// connection's bindings, and with whoever checks tokens, there are more.
func (d *Directory) Mechanisms(p Peer, private bool) []string {
	var mechanisms []string
	if len(p.Bindings) > 0 {
		mechanisms = append(mechanisms, mechSCRAMPlus)
	}
	mechanisms = append(mechanisms, mechSCRAM)
	if private {
		mechanisms = append(mechanisms, mechPlain, mechLogin)
	}
	if private && d.bearer != nil {
		mechanisms = append(mechanisms, mechBearer)
	}
	return mechanisms
}

// SASL starts an exchange by one of the Mechanisms. signedIn is called once,
// with the user, when it succeeded. An unknown mechanism is an error. The
// exchange is good for ctx alone; it holds nothing that must be given back when
// the client leaves in the middle.
//
// Next takes nil when there was no initial response. It fails with
// ErrBadResponse and with what Authenticate fails with, and then it is over. An
// authorization identity other than the user's is ErrBadCredentials.
func (d *Directory) SASL(ctx context.Context, p Peer, mechanism string, signedIn func(*User)) (sasl.Server, error) {
	switch mechanism {
	case mechSCRAM:
		return d.newSCRAM(ctx, p, false, signedIn), nil
	case mechSCRAMPlus:
		return d.newSCRAM(ctx, p, true, signedIn), nil
	case mechBearer:
		if d.bearer != nil {
			return d.newBearer(ctx, p, signedIn), nil
		}
	case mechPlain:
		check := func(response []byte) (*User, error) { return d.plain(ctx, p, response) }
		return &plainServer{check: check, signedIn: signedIn}, nil
	case mechLogin:
		check := func(username, password string) (*User, error) { return d.Authenticate(ctx, p, username, password) }
		return &loginServer{check: check, signedIn: signedIn}, nil
	}
	return nil, fmt.Errorf("unknown SASL mechanism %q; there are %v", clip(mechanism), d.Mechanisms(p, true))
}

// plain checks a message of RFC 4616 section 2.
func (d *Directory) plain(ctx context.Context, p Peer, message []byte) (*User, error) {
	parts := bytes.Split(message, []byte{0})
	if len(parts) != 3 || len(parts[1]) == 0 || len(parts[2]) == 0 || !utf8.Valid(message) {
		return nil, fmt.Errorf("PLAIN: %w", ErrBadResponse)
	}
	user, err := d.Authenticate(ctx, p, string(parts[1]), string(parts[2]))
	if err != nil {
		return nil, err
	}
	if err := d.mayActAs(ctx, user, string(parts[0])); err != nil {
		return nil, err
	}
	return user, nil
}

// mayActAs allows no authorization identity but the user's own.
func (d *Directory) mayActAs(ctx context.Context, user *User, authorization string) error {
	if authorization == "" {
		return nil
	}
	other, err := d.knock(ctx, Peer{}, authorization)
	if err != nil {
		return err
	}
	if other.id() != user.ID {
		return fmt.Errorf("to act for another user is not allowed: %w", ErrBadCredentials)
	}
	return nil
}

// A plainServer is one PLAIN exchange: one message.
type plainServer struct {
	check    func(message []byte) (*User, error)
	signedIn func(*User)
	over     bool
}

// Next implements sasl.Server.
func (s *plainServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if s.over {
		return nil, false, fmt.Errorf("PLAIN is over: %w", ErrBadResponse)
	}
	if response == nil {
		return []byte{}, false, nil
	}
	s.over = true
	user, err := s.check(response)
	if err != nil {
		return nil, false, err
	}
	s.signedIn(user)
	return nil, true, nil
}

// A loginServer is one LOGIN exchange: it asks for the name and then for the
// password. It was never standardised, but Outlook knows nothing better to
// submit with. A name may come as initial response.
type loginServer struct {
	check    func(username, password string) (*User, error)
	signedIn func(*User)
	username []byte // nil: not given yet
	over     bool
}

// Next implements sasl.Server.
func (s *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case s.over:
		return nil, false, fmt.Errorf("LOGIN is over: %w", ErrBadResponse)
	case response == nil && s.username == nil:
		return []byte("Username:"), false, nil
	case len(response) == 0 || !utf8.Valid(response):
		s.over = true
		return nil, false, fmt.Errorf("LOGIN: %w", ErrBadResponse)
	case s.username == nil:
		s.username = bytes.Clone(response)
		return []byte("Password:"), false, nil
	}
	s.over = true
	user, err := s.check(string(s.username), string(response))
	if err != nil {
		return nil, false, err
	}
	s.signedIn(user)
	return nil, true, nil
}

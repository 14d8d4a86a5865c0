package imapd

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/imapd/wire"
)

// login runs LOGIN (RFC 9051 section 6.2.3).
func login(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	username := d.AString()
	d.SP()
	password := d.AString()
	if err := d.End(); err != nil {
		return err
	}
	if !s.private {
		s.srv.cfg.Telemetry.Exposed("imap", username, s.peer)
		return errNotPrivate()
	}
	user, err := s.srv.cfg.Directory.Authenticate(ctx, s.signInPeer(), username, password)
	if err != nil {
		return s.signInFailed(err, "LOGIN")
	}
	return s.signIn(ctx, user, "LOGIN", c)
}

// errNotPrivate refuses to take a password where others can read it.
func errNotPrivate() error {
	return no(imap.ResponseCodePrivacyRequired, "passwords are accepted over TLS only: connect with TLS or use STARTTLS")
}

// signInPeer is the client as the directory wants to know it.
func (s *session) signInPeer() directory.Peer {
	p := directory.Peer{Protocol: "imap", Remote: s.peer, TLS: s.overTLS}
	if !s.offer.withholds("AUTH=SCRAM-SHA-256-PLUS") {
		p.Bindings = s.link.bindings()
	}
	return p
}

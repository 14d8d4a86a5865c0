package imapd

import (
	"context"
	"errors"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/directory"
	"letterbox/imapd/wire"
	"letterbox/telemetry"
)

// signIn makes the session the user's. The reply carries the capabilities,
// which have changed.
func (s *session) signIn(ctx context.Context, user *directory.User, mechanism string, c *call) error {
	open, ok := s.srv.limiter.signIn(user.ID)
	s.srv.cfg.Telemetry.Habits().Connections(user.Address, open, s.srv.limiter.most)
	if !ok {
		s.log.Warn("sign-in refused", "account", user.Address, "reason", "too many connections of this user")
		return no(imap.ResponseCodeLimit, "too many connections of this user; close some")
	}
	s.user = user
	if err := s.srv.cfg.Store.EnsureAccount(ctx, s.account()); err != nil {
		s.signOut()
		return err
	}
	if err := s.learnLimits(ctx); err != nil {
		s.signOut()
		return err
	}
	if err := s.learnCapabilities(ctx); err != nil {
		s.signOut()
		return err
	}
	s.dec.SetLimits(afterSignIn(s.srv.cfg.AppendLimit))
	s.log = s.log.With("account", user.Address)
	s.log.Info("signed in", "mechanism", mechanism, "tls", s.overTLS)
	s.srv.cfg.Telemetry.SignIn("imap", "ok")
	s.watched.SignedIn(user.ID, user.Address, mechanism, openedWith(user))
	s.noteDevice(ctx)
	c.code, c.text = s.capabilityCode(), "signed in"
	return nil
}

// openedWith is the app password that the user has just signed in with, for telemetry.
func openedWith(user *directory.User) (p telemetry.AppPassword) {
	if user.AppPassword != nil {
		p = telemetry.AppPassword{ID: user.AppPassword.ID, Name: user.AppPassword.Name}
	}
	return p
}

// noteDevice lets the user see on which program an app password is used.
func (s *session) noteDevice(ctx context.Context) {
	if s.user == nil || s.client == "" {
		return
	}
	if err := s.srv.cfg.Directory.AppPasswordUsed(ctx, s.user.AppPassword, s.client); err != nil {
		s.log.Warn("the program of an app password is not written down", "error", err)
	}
}

// signInFailed notes a refusal and passes the error on.
func (s *session) signInFailed(err error, mechanism string) error {
	result := "bad"
	if throttled := new(directory.ThrottledError); errors.As(err, &throttled) {
		result = "throttled"
	}
	s.log.Info("sign-in refused", "mechanism", mechanism, "reason", err)
	s.srv.cfg.Telemetry.SignIn("imap", result)
	if errors.Is(err, directory.ErrSecondFactor) || errors.Is(err, directory.ErrScope) {
		// Clients must show an alert to people (RFC 9051 section 7.1). Of the tagged
		// reply most read no more than its code.
		s.enc.Status("*", imap.StatusResponseTypeNo, wire.Code(imap.ResponseCodeAlert), err.Error())
	}
	return err
}

// signOut gives back what the session holds in the user's name, and makes it a
// stranger's again.
func (s *session) signOut() {
	s.deselect()
	s.stopNotify()
	if s.user != nil {
		s.srv.limiter.signOut(s.user.ID)
		s.user = nil
	}
	s.agreed, s.log = agreed{offer: newOffer(s.srv.cfg, directory.Capabilities{})}, s.strangersLog
	s.dec.UTF8, s.enc.UTF8 = false, false
	s.dec.SetLimits(beforeSignIn())
	s.signInBy = time.Now().Add(s.srv.cfg.Timeouts.SignIn)
}

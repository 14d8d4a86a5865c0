package directory

import (
	"context"
	"fmt"

	"github.com/emersion/go-sasl"
)

// CheckBearer asks an identity provider whose token it is: it returns the user's
// address. An error means that the token is good for nobody.
type CheckBearer func(ctx context.Context, token string) (address string, err error)

// A bearerServer is one OAUTHBEARER exchange (RFC 7628): the client shows a token
// of a provider that knows our users. What fails is told twice: in a challenge,
// which clients read to learn where to get a token, and by the reply to the
// client's answer.
type bearerServer struct {
	frame    sasl.Server
	signedIn func(*User)
	user     *User
	failed   error // why nobody signed in
	told     bool
}

func (d *Directory) newBearer(ctx context.Context, p Peer, signedIn func(*User)) sasl.Server {
	s := &bearerServer{signedIn: signedIn}
	s.frame = sasl.NewOAuthBearerServer(func(o sasl.OAuthBearerOptions) *sasl.OAuthBearerError {
		if s.user, s.failed = d.checkBearer(ctx, p, o); s.failed == nil {
			return nil
		}
		return &sasl.OAuthBearerError{Status: "invalid_token", Schemes: "bearer"}
	})
	return s
}

// checkBearer finds the user to whom the token belongs. The name that comes with
// it may only be theirs, and is whom wrong tokens count against.
func (d *Directory) checkBearer(ctx context.Context, p Peer, o sasl.OAuthBearerOptions) (*User, error) {
	k, err := d.knock(ctx, p, o.Username)
	if err != nil {
		return nil, err
	}
	leave, err := d.throttle.enter(ctx, k.visit)
	if err != nil {
		return nil, err
	}
	defer leave()
	address, err := d.bearer(ctx, o.Token)
	if err != nil {
		d.log.InfoContext(ctx, "token refused", "remote", p.from(), "error", err)
		return nil, d.refuse(ctx, k, d.throttle.unique())
	}
	if k, err = d.knock(ctx, p, address); err != nil {
		return nil, err
	}
	if k.user == nil {
		return nil, d.refuse(ctx, k, d.throttle.unique())
	}
	user, err := d.admit(ctx, k)
	if err != nil {
		return nil, err
	}
	return user, d.mayActAs(ctx, user, o.Username)
}

// Next implements sasl.Server.
func (s *bearerServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if s.told {
		return nil, false, s.failed // whatever the client says to it
	}
	challenge, done, err = s.frame.Next(response)
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("%s: %w", mechBearer, ErrBadResponse)
	case done:
		s.signedIn(s.user)
	case response != nil:
		s.told = true
		if s.failed == nil {
			s.failed = fmt.Errorf("%s: %w", mechBearer, ErrBadResponse)
		}
	}
	return challenge, done, nil
}

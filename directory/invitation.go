package directory

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"letterbox/database"
)

// ErrBadInvitation is a link that was used, is too old, or never was one.
var ErrBadInvitation = errors.New("this invitation was used already or is too old; ask who sent it for another one")

// InvitationPath is where on the web pages a token is taken, which follows it.
const InvitationPath = "/invitation/"

// InvitationTime is how long an invitation is good.
const InvitationTime = 7 * 24 * time.Hour

// Invite returns a token with which the user may choose their password, once, and
// until when. One that was made before counts no more. ErrNoSuchUser, ErrTeam.
func (d *Directory) Invite(ctx context.Context, address string) (token string, until time.Time, err error) {
	token, until = rand.Text(), d.seconds().Add(InvitationTime) // 130 bits
	err = d.changeUser(ctx, address, Event{Action: "user.invite"}, func(tx *database.Tx, user *User) error {
		if user.Team {
			return ErrTeam
		}
		_, err := tx.Exec(`INSERT INTO invitation (user, hash, expires_at) VALUES (?, ?, ?)
			ON CONFLICT (user) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at`,
			user.ID, d.hashToken(token), until.Unix())
		return err
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return token, until, nil
}

// hashToken is what is kept of a token.
func (d *Directory) hashToken(token string) []byte { return d.hashSecret("invitation", 0, token) }

// Invited says whom a token invites; ErrBadInvitation.
func (d *Directory) Invited(ctx context.Context, token string) (user *User, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		user, err = d.invited(c, token)
		return err
	})
	return user, err
}

func (d *Directory) invited(q querier, token string) (*User, error) {
	user, err := scanUser(q.QueryRow(`SELECT `+userColumns+`
		FROM invitation i JOIN user u ON u.id = i.user JOIN domain d ON d.id = u.domain
		WHERE i.hash = ? AND i.expires_at > ?`, d.hashToken(token), d.now().Unix()))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrBadInvitation
	case err != nil:
		return nil, fmt.Errorf("look up invitation: %w", err)
	case user.Disabled:
		return nil, ErrDisabled
	}
	return &user, nil
}

// AcceptInvitation sets the password that the invited person chose; the token is
// good no more. ErrBadInvitation, ErrWeakPassword, ErrDisabled.
func (d *Directory) AcceptInvitation(ctx context.Context, token, password string) (*User, error) {
	user, err := d.Invited(ctx, token)
	if err != nil {
		return nil, err
	}
	a, err := ParseAddress(user.Address)
	if err != nil {
		return nil, err
	}
	fresh, err := d.newCredential(ctx, a, password)
	if err != nil {
		return nil, fmt.Errorf("set password of %s: %w", user.Address, err)
	}
	err = d.db.Write(ctx, func(tx *database.Tx) error {
		if user, err = d.invited(tx, token); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM invitation WHERE user = ?`, user.ID); err != nil {
			return err
		}
		if err := saveCredential(tx, user.ID, fresh, d.now()); err != nil {
			return err
		}
		return d.audit(ctx, tx, Event{Actor: user.Address, Action: "user.accept-invitation", Subject: user.Address})
	})
	if err != nil {
		return nil, err
	}
	d.end(Ending{User: user.ID})
	return user, nil
}

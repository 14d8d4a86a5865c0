package directory

import (
	"context"
	"errors"
	"fmt"

	"letterbox/database"
)

var (
	// ErrSecondFactor is the right password where it is not enough.
	ErrSecondFactor   = errors.New("this account has a second factor, so its password does not open mail programs; make an app password for this device on your page")
	ErrNoSecondFactor = errors.New("there is no second factor")
)

// SecondFactors are what a user signs in to the web pages with, beside their
// password. Whoever has one signs in to IMAP and submission with app passwords
// alone: a mail program cannot ask for a code.
type SecondFactors struct {
	TOTP          bool
	Passkeys      []Passkey
	RecoveryCodes int // that are left
}

// Any reports whether there is one.
func (f SecondFactors) Any() bool { return f.TOTP || len(f.Passkeys) > 0 }

// SecondFactors returns the user's.
func (d *Directory) SecondFactors(ctx context.Context, user int64) (f SecondFactors, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		t, err := loadTOTP(c, user)
		if err != nil {
			return err
		}
		f.TOTP = t.confirmed
		if err := c.QueryRow(`SELECT count(*) FROM recovery_code WHERE user = ?`, user).Scan(&f.RecoveryCodes); err != nil {
			return err
		}
		f.Passkeys, err = passkeys(c, user)
		return err
	})
	if err != nil {
		return f, fmt.Errorf("look up second factors: %w", err)
	}
	return f, nil
}

// FirstFactor is Authenticate for the web pages, where a second factor can be asked
// for. Then there is a ticket instead of a user, for SecondFactor: nobody has
// signed in yet.
func (d *Directory) FirstFactor(ctx context.Context, p Peer, username, password string) (user *User, ticket string, err error) {
	k, err := d.check(ctx, p, username, password)
	if err != nil {
		return nil, "", err
	}
	if k.own && k.secondFactor && !k.user.Disabled {
		return nil, d.ticketFor(k), nil
	}
	user, err = d.admit(ctx, k)
	return user, "", err
}

func (d *Directory) ticketFor(k *knock) string {
	return d.seal(ticket{k.user.ID, k.credential.version, d.now().Add(ticketTime).Unix()})
}

// Confirm checks the password of somebody who has signed in, once more; errors are
// those of Authenticate.
func (d *Directory) Confirm(ctx context.Context, p Peer, user *User, password string) error {
	k, err := d.check(ctx, p, user.Address, password)
	switch {
	case err != nil:
		return err
	case !k.own || k.id() != user.ID:
		return ErrBadCredentials
	}
	d.throttle.succeed(k.visit)
	return nil
}

// SecondFactor signs in who has a ticket of FirstFactor's, with a code from their
// app or a recovery code. ErrBadCode, ErrBadCredentials (the ticket is too old, or
// the password was changed), *ThrottledError, ErrDisabled. Wrong codes count
// apart from wrong passwords, and are slowed down far more: see throttle.
func (d *Directory) SecondFactor(ctx context.Context, p Peer, ticket, code string) (*User, error) {
	t, ok := d.unseal(ticket)
	if !ok {
		return nil, ErrBadCredentials
	}
	user, err := d.UserByID(ctx, t.user)
	if err != nil {
		return nil, err
	}
	k, err := d.knock(ctx, p, user.Address)
	if err != nil {
		return nil, err
	}
	if k.id() != t.user || k.credential.version != t.version {
		return nil, ErrBadCredentials
	}
	if err := d.checkCode(ctx, k, code); err != nil {
		return nil, err
	}
	return d.admit(ctx, k)
}

// checkCode takes a code, or counts a wrong one.
func (d *Directory) checkCode(ctx context.Context, k *knock, code string) error {
	guarded := *k
	guarded.visit.code = true
	leave, err := d.throttle.enter(ctx, guarded.visit)
	if err != nil {
		return err
	}
	defer leave()
	err = d.useCode(ctx, k.user, code)
	if !errors.Is(err, ErrBadCode) {
		if err == nil {
			d.throttle.succeed(guarded.visit)
		}
		return err
	}
	// The same code once more is another guess: what is right changes.
	if err := d.refuse(ctx, &guarded, d.throttle.unique()); !errors.Is(err, ErrBadCredentials) {
		return err
	}
	return ErrBadCode
}

func (d *Directory) useCode(ctx context.Context, user *User, code string) error {
	return d.db.Write(ctx, func(tx *database.Tx) error {
		t, err := loadTOTP(tx, user.ID)
		if err != nil {
			return err
		}
		if t.confirmed {
			if err := t.use(tx, user.ID, code, d.now()); !errors.Is(err, ErrBadCode) {
				return err
			}
		}
		used, err := d.useRecoveryCode(tx, user.ID, code)
		if err != nil || !used {
			return orElse(err, ErrBadCode)
		}
		return d.audit(ctx, tx, Event{Actor: user.Address, Action: "user.recovery-code.use", Subject: user.Address})
	})
}

// ResetSecondFactor takes all of a user's second factors away: for somebody who
// has lost telephone and recovery codes. ErrNoSecondFactor.
func (d *Directory) ResetSecondFactor(ctx context.Context, address string) error {
	return d.removeFactor(ctx, address, Event{Action: "user.second-factor.reset"}, func(tx *database.Tx, user *User) error {
		if has, err := hasSecondFactor(tx, user.ID); err != nil || !has {
			return orElse(err, ErrNoSecondFactor)
		}
		for _, statement := range []string{`DELETE FROM totp WHERE user = ?`, `DELETE FROM passkey WHERE user = ?`} {
			if _, err := tx.Exec(statement, user.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// addFactor runs a change that gives the user a second factor. With the first one,
// sessions of mail programs that their own password has opened end.
func (d *Directory) addFactor(ctx context.Context, address string, e Event, add func(*database.Tx, *User) error) error {
	var ending *Ending
	err := d.changeUser(ctx, address, e, func(tx *database.Tx, user *User) error {
		before, err := hasSecondFactor(tx, user.ID)
		if err != nil {
			return err
		}
		if !before {
			ending = &Ending{User: user.ID}
		}
		return add(tx, user)
	})
	if err == nil && ending != nil {
		d.end(*ending)
	}
	return err
}

// removeFactor runs a change that takes a second factor away; recovery codes go
// with the last one.
func (d *Directory) removeFactor(ctx context.Context, address string, e Event, remove func(*database.Tx, *User) error) error {
	return d.changeUser(ctx, address, e, func(tx *database.Tx, user *User) error {
		if err := remove(tx, user); err != nil {
			return err
		}
		if has, err := hasSecondFactor(tx, user.ID); err != nil || has {
			return err
		}
		_, err := tx.Exec(`DELETE FROM recovery_code WHERE user = ?`, user.ID)
		return err
	})
}

// secondFactorOf is a condition: the user u has a second factor.
const secondFactorOf = `(EXISTS (SELECT 1 FROM totp t WHERE t.user = u.id AND t.confirmed_at > 0)
	OR EXISTS (SELECT 1 FROM passkey p WHERE p.user = u.id))`

func hasSecondFactor(q querier, user int64) (has bool, err error) {
	err = q.QueryRow(`SELECT `+secondFactorOf+` FROM user u WHERE u.id = ?`, user).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("look up second factor: %w", err)
	}
	return has, nil
}

// orElse is err, or what stands for no error.
func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

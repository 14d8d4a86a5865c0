package directory

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"letterbox/database"
)

var (
	ErrBadCode    = errors.New("that code is not right, or was used already; wait for the next one")
	ErrHasTOTP    = errors.New("codes from an app are set up already; remove that first")
	ErrNoSuchTOTP = errors.New("no codes from an app are set up")
)

// What every authenticator app can do (RFC 6238).
const (
	totpPeriod = 30 // seconds
	totpDrift  = 1  // steps that the telephone's clock may be off, either way
)

// TOTPSetup is what an authenticator app needs to know.
type TOTPSetup struct {
	Secret string // base32, to be typed
	URL    string // otpauth:, to be shown as a QR code
}

// BeginTOTP makes a new secret, which counts for nothing until ConfirmTOTP has
// seen a code of it; one that waits for that is returned again. issuer is what the
// app calls us. ErrHasTOTP.
func (d *Directory) BeginTOTP(ctx context.Context, address, issuer string) (*TOTPSetup, error) {
	user, err := d.User(ctx, address)
	if err != nil {
		return nil, err
	}
	secret, err := d.waitingTOTP(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	if secret == "" {
		if secret, err = d.makeTOTP(ctx, address); err != nil {
			return nil, err
		}
	}
	return &TOTPSetup{Secret: secret, URL: totpURL(issuer, user.Address, secret)}, nil
}

// waitingTOTP returns the secret that was not confirmed yet, "" for none.
func (d *Directory) waitingTOTP(ctx context.Context, user int64) (secret string, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		t, err := loadTOTP(c, user)
		if t.confirmed {
			return ErrHasTOTP
		}
		secret = t.secret
		return err
	})
	return secret, err
}

func (d *Directory) makeTOTP(ctx context.Context, address string) (secret string, err error) {
	random := make([]byte, 20) // RFC 4226 section 4 recommends 160 bits
	rand.Read(random)
	secret = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random)
	err = d.changeUser(ctx, address, Event{Action: "user.totp.begin"}, func(tx *database.Tx, user *User) error {
		if user.Team {
			return ErrTeam
		}
		return mustChange(tx.Exec(`INSERT INTO totp (user, secret) VALUES (?, ?)
			ON CONFLICT (user) DO UPDATE SET secret = excluded.secret, last_step = 0 WHERE confirmed_at = 0`,
			user.ID, secret))(ErrHasTOTP)
	})
	return secret, err
}

// totpURL is the format that every app reads; its parameters are the defaults.
func totpURL(issuer, account, secret string) string {
	query := url.Values{"secret": {secret}, "issuer": {issuer}}
	// Apps show a plus as it is, so spaces are %20.
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

// ConfirmTOTP turns codes on, when the app shows the right one. ErrBadCode,
// ErrNoSuchTOTP, ErrHasTOTP.
func (d *Directory) ConfirmTOTP(ctx context.Context, address, code string) error {
	return d.addFactor(ctx, address, Event{Action: "user.totp.confirm"}, func(tx *database.Tx, user *User) error {
		t, err := loadTOTP(tx, user.ID)
		switch {
		case err != nil:
			return err
		case t.secret == "":
			return ErrNoSuchTOTP
		case t.confirmed:
			return ErrHasTOTP
		}
		if err := t.use(tx, user.ID, code, d.now()); err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE totp SET confirmed_at = ? WHERE user = ?`, d.now().Unix(), user.ID)
		return err
	})
}

// RemoveTOTP turns codes off. ErrNoSuchTOTP.
func (d *Directory) RemoveTOTP(ctx context.Context, address string) error {
	return d.removeFactor(ctx, address, Event{Action: "user.totp.remove"}, func(tx *database.Tx, user *User) error {
		return mustChange(tx.Exec(`DELETE FROM totp WHERE user = ?`, user.ID))(ErrNoSuchTOTP)
	})
}

// A totp is what is kept of a user's.
type totp struct {
	secret    string // "": none
	confirmed bool
	lastStep  int64
}

func loadTOTP(q querier, user int64) (t totp, err error) {
	err = q.QueryRow(`SELECT secret, confirmed_at > 0, last_step FROM totp WHERE user = ?`, user).
		Scan(&t.secret, &t.confirmed, &t.lastStep)
	if errors.Is(err, sql.ErrNoRows) {
		return totp{}, nil
	}
	return t, err
}

// use takes a code: it counts within its time, and never again (RFC 6238 section
// 5.2), nor does one before it.
func (t totp) use(tx *database.Tx, user int64, code string, now time.Time) error {
	step, err := t.step(code, now)
	if err != nil {
		return err
	}
	return mustChange(tx.Exec(`UPDATE totp SET last_step = ?1 WHERE user = ?2 AND last_step < ?1`, step, user))(ErrBadCode)
}

// step finds the time step that the code is of, among those that still count.
func (t totp) step(code string, now time.Time) (int64, error) {
	code = strings.ReplaceAll(code, " ", "")
	current := now.Unix() / totpPeriod
	found := int64(-1)
	for step := current - totpDrift; step <= current+totpDrift; step++ {
		ok, err := hotp.ValidateCustom(code, uint64(step), t.secret, hotp.ValidateOpts{
			Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err != nil && !errors.Is(err, otp.ErrValidateInputInvalidLength) {
			return 0, fmt.Errorf("check code: %w", err)
		}
		if ok && step > t.lastStep {
			found = step
		}
	}
	if found < 0 {
		return 0, ErrBadCode
	}
	return found, nil
}

package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/pquerna/otp"
	totplib "github.com/pquerna/otp/totp"
	"letterbox/database"
	"pgregory.net/rapid"
)

// execute changes the database behind the directory's back.
func (h *house) execute(t testing.TB, statement string, args ...any) (result sql.Result, err error) {
	t.Helper()
	err = h.db.Write(context.Background(), func(tx *database.Tx) error {
		result, err = tx.Exec(statement, args...)
		return err
	})
	return result, err
}

// codeAt is what an authenticator app shows.
func codeAt(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	code, err := totplib.GenerateCode(secret, at)
	must(t, err)
	return code
}

// enableTOTP turns codes on, and moves the clock so that the next one counts.
func (h *house) enableTOTP(t testing.TB, address string) (secret string) {
	t.Helper()
	setup, err := h.BeginTOTP(t.Context(), address, "mail.home.example")
	must(t, err)
	must(t, h.ConfirmTOTP(t.Context(), address, codeAt(t, setup.Secret, h.clock.Now())))
	h.clock.advance(time.Minute)
	return setup.Secret
}

func web(address string) Peer {
	p := from(address)
	p.Protocol = "web"
	return p
}

// secondFactor signs Bob in with password and code.
func (h *house) secondFactor(t testing.TB, address, code string) error {
	t.Helper()
	user, ticket, err := h.FirstFactor(t.Context(), web(address), bob, bobsPassword)
	must(t, err)
	if user != nil || ticket == "" {
		t.Fatal("no second factor is asked for")
	}
	_, err = h.SecondFactor(t.Context(), web(address), ticket, code)
	return err
}

func TestTOTP(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	setup, err := h.BeginTOTP(ctx, bob, "Home & Co.")
	must(t, err)
	key, err := otp.NewKeyFromURL(setup.URL)
	must(t, err)
	if key.Issuer() != "Home & Co." || key.AccountName() != bob || key.Secret() != setup.Secret || key.Type() != "totp" {
		t.Errorf("apps read %s as %s of %s", setup.URL, key.AccountName(), key.Issuer())
	}
	if u, err := url.Parse(setup.URL); err != nil || u.RawQuery != "issuer=Home%20%26%20Co.&secret="+setup.Secret {
		t.Errorf("the address is %s, %v", setup.URL, err)
	}

	// Until a code was seen, nothing has changed.
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	if err := h.ConfirmTOTP(ctx, bob, "000000"); !errors.Is(err, ErrBadCode) {
		t.Errorf("a wrong code: %v", err)
	}
	if err := h.ConfirmTOTP(ctx, ann, "000000"); !errors.Is(err, ErrNoSuchTOTP) {
		t.Errorf("Ann has not begun: %v", err)
	}
	if user, ticket, err := h.FirstFactor(ctx, web("192.0.2.1"), bob, bobsPassword); err != nil || ticket != "" || user.Address != bob {
		t.Errorf("before: %v, %v, %v", user, ticket, err)
	}
	if again, err := h.BeginTOTP(ctx, bob, "Home & Co."); err != nil || *again != *setup {
		t.Errorf("begun again: %v, %v", again, err)
	}
	var endings []Ending
	h.OnEnding(func(e Ending) { endings = append(endings, e) })
	must(t, h.ConfirmTOTP(ctx, bob, codeAt(t, setup.Secret, h.clock.Now())))
	if want := []Ending{{User: 2}}; !slices.Equal(endings, want) {
		t.Errorf("what ends is %+v", endings)
	}
	if _, err := h.BeginTOTP(ctx, bob, ""); !errors.Is(err, ErrHasTOTP) {
		t.Errorf("begun again: %v", err)
	}

	// The password alone opens nothing any more.
	for _, peer := range []Peer{from("192.0.2.1"), submission("192.0.2.1"), web("192.0.2.1")} {
		if _, err := h.Authenticate(ctx, peer, bob, bobsPassword); !errors.Is(err, ErrSecondFactor) {
			t.Errorf("%s: %v", peer.Protocol, err)
		}
		if _, err := h.Authenticate(ctx, peer, bob, annsPassword); !errors.Is(err, ErrBadCredentials) {
			t.Errorf("%s, a wrong password: %v", peer.Protocol, err)
		}
	}
	if err := h.secondFactor(t, "192.0.2.1", codeAt(t, setup.Secret, h.clock.Now())); !errors.Is(err, ErrBadCode) {
		t.Errorf("the code that confirmed: %v", err)
	}
	h.clock.advance(totpPeriod * time.Second)
	must(t, h.secondFactor(t, "192.0.2.1", codeAt(t, setup.Secret, h.clock.Now())))

	must(t, h.RemoveTOTP(ctx, bob))
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	if err := h.RemoveTOTP(ctx, bob); !errors.Is(err, ErrNoSuchTOTP) {
		t.Errorf("removed again: %v", err)
	}
}

// However the clock goes and whatever codes are tried, a code is good within a
// minute of its time, once, and never behind one that was good.
func TestTOTPIsGoodOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secret := h.enableTOTP(t, bob)
	last := h.clock.Now().Unix()/totpPeriod - 2
	rapid.Check(t, func(rt *rapid.T) {
		h.throttle = newThrottle(h.now)
		for range rapid.IntRange(1, 8).Draw(rt, "tries") {
			h.clock.advance(time.Duration(rapid.IntRange(0, 50).Draw(rt, "wait")) * time.Second)
			now := h.clock.Now().Unix() / totpPeriod
			step := now + int64(rapid.IntRange(-3, 3).Draw(rt, "drift"))
			err := h.secondFactor(t, "192.0.2.1", codeAt(t, secret, time.Unix(step*totpPeriod, 0)))
			good := step >= now-1 && step <= now+1 && step > last
			if good {
				last = step
			}
			if good != (err == nil) || err != nil && !errors.Is(err, ErrBadCode) {
				rt.Fatalf("step %d at %d, behind %d: %v", step, now, last, err)
			}
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	if _, err := h.NewRecoveryCodes(ctx, bob); !errors.Is(err, ErrNoSecondFactor) {
		t.Errorf("without a second factor: %v", err)
	}
	h.enableTOTP(t, bob)
	old, err := h.NewRecoveryCodes(ctx, bob)
	must(t, err)
	codes, err := h.NewRecoveryCodes(ctx, bob)
	must(t, err)
	if slices.Sort(codes); len(slices.Compact(codes)) != recoveryCodes {
		t.Fatalf("codes are %q", codes)
	}
	for i, code := range codes {
		h.clock.advance(time.Minute)
		must(t, h.secondFactor(t, "192.0.2.1", code))
		if err := h.secondFactor(t, "192.0.2.1", code); !errors.Is(err, ErrBadCode) {
			t.Errorf("code %d again: %v", i, err)
		}
		if err := h.secondFactor(t, "192.0.2.1", old[i]); !errors.Is(err, ErrBadCode) {
			t.Errorf("an old code: %v", err)
		}
		f, err := h.SecondFactors(ctx, 2)
		must(t, err)
		if f.RecoveryCodes != recoveryCodes-i-1 || !f.TOTP || !f.Any() {
			t.Errorf("after %d: %+v", i+1, f)
		}
	}
}

// Guessing codes is slowed down, and does not keep Bob's telephone from his mail.
func TestGuessedCodes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secret := h.enableTOTP(t, bob)
	app, _ := h.appPassword(t, "Phone", "imap")
	must(t, h.secondFactor(t, "192.0.2.1", codeAt(t, secret, h.clock.Now())))
	var throttled *ThrottledError
	_, ticket, err := h.FirstFactor(t.Context(), web("203.0.113.9"), bob, bobsPassword)
	must(t, err)
	tries := 0
	for !errors.As(err, &throttled) && tries < 1000 {
		_, err = h.SecondFactor(t.Context(), web("203.0.113.9"), ticket, fmt.Sprintf("%06d", tries))
		tries++
	}
	if tries > 10 {
		t.Errorf("slowed down after %d", tries)
	}
	must(t, h.signIn(t, "192.0.2.1", bob, app))
	h.clock.advance(time.Minute)
	must(t, h.secondFactor(t, "192.0.2.1", codeAt(t, secret, h.clock.Now())))
}

// Who has the password and many addresses gets few tries, however long it goes on,
// and Bob signs in meanwhile where he was in before.
func TestGuessedCodesFromEverywhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secret := h.enableTOTP(t, bob)
	must(t, h.secondFactor(t, "192.0.2.1", codeAt(t, secret, h.clock.Now())))
	heard := 0
	h.wrongCode = func(user string, remote netip.Addr, known bool) {
		if user != bob || known {
			t.Errorf("heard of %s from %v, known %t", user, remote, known)
		}
		heard++
	}
	tries := 0
	for until := h.clock.Now().Add(24 * time.Hour); h.clock.Now().Before(until); {
		from := fmt.Sprintf("203.0.%d.%d", tries/250, 1+tries%250)
		var throttled *ThrottledError
		switch err := h.secondFactor(t, from, "000000"); {
		case errors.As(err, &throttled):
			h.clock.advance(throttled.RetryAfter)
		case errors.Is(err, ErrBadCode):
			if tries++; tries == 20 {
				must(t, h.secondFactor(t, "192.0.2.1", codeAt(t, secret, h.clock.Now())))
			}
		default:
			t.Fatal(err)
		}
	}
	if tries < 10 || tries > 50 || heard != tries {
		t.Errorf("%d tries in a day, %d of them heard of", tries, heard)
	}
	if err := h.secondFactor(t, "203.0.113.199", "000000"); !errors.Is(err, ErrBadCode) {
		t.Errorf("when the wait is over: %v", err)
	}
	if err := h.secondFactor(t, "203.0.113.200", codeAt(t, secret, h.clock.Now())); !errors.As(err, new(*ThrottledError)) {
		t.Errorf("from a new place: %v", err)
	}
	must(t, h.secondFactor(t, "192.0.2.1", codeAt(t, secret, h.clock.Now())))
}

func TestResetSecondFactor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	if err := h.ResetSecondFactor(ctx, bob); !errors.Is(err, ErrNoSecondFactor) {
		t.Errorf("without one: %v", err)
	}
	h.enableTOTP(t, bob)
	_, err := h.NewRecoveryCodes(ctx, bob)
	must(t, err)
	must(t, h.ResetSecondFactor(ctx, bob))
	if f, err := h.SecondFactors(ctx, 2); err != nil || f.Any() || f.RecoveryCodes != 0 {
		t.Errorf("left: %+v, %v", f, err)
	}
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
}

// A disabled user hears so with the second factor, and not before.
func TestSecondFactorOfDisabledUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secret := h.enableTOTP(t, bob)
	_, ticket, err := h.FirstFactor(t.Context(), web("192.0.2.1"), bob, bobsPassword)
	must(t, err)
	must(t, h.SetDisabled(t.Context(), bob, true))
	if _, err := h.SecondFactor(t.Context(), web("192.0.2.1"), ticket, codeAt(t, secret, h.clock.Now())); !errors.Is(err, ErrDisabled) {
		t.Errorf("disabled between the two: %v", err)
	}
	if _, ticket, err := h.FirstFactor(t.Context(), web("192.0.2.1"), bob, bobsPassword); ticket != "" || !errors.Is(err, ErrDisabled) {
		t.Errorf("disabled: %v, %v", ticket, err)
	}
}

// Nobody comes to the second factor past the first.
func TestTicket(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secret := h.enableTOTP(t, bob)
	ticketOf := func() string {
		t.Helper()
		_, ticket, err := h.FirstFactor(t.Context(), web("192.0.2.1"), bob, bobsPassword)
		must(t, err)
		return ticket
	}
	try := func(ticket string) error {
		t.Helper()
		_, err := h.SecondFactor(t.Context(), web("192.0.2.1"), ticket, codeAt(t, secret, h.clock.Now()))
		return err
	}
	good := ticketOf()
	for i := range good {
		changed := []byte(good)
		changed[i] ^= 1
		if err := try(string(changed)); !errors.Is(err, ErrBadCredentials) {
			t.Errorf("changed at %d: %v", i, err)
		}
	}
	for _, bad := range []string{"", "x", good[:len(good)-1], good + "AA"} {
		if err := try(bad); !errors.Is(err, ErrBadCredentials) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	must(t, try(good))
	old := ticketOf()
	h.clock.advance(ticketTime)
	if err := try(old); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("too old: %v", err)
	}
	before := ticketOf()
	must(t, h.SetPassword(t.Context(), bob, "entirely new 5"))
	if err := try(before); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("with the password before: %v", err)
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.enableTOTP(t, bob)
	app, _ := h.appPassword(t, "Laptop", "imap", "submission")
	user, err := h.User(t.Context(), bob)
	must(t, err)
	must(t, h.Confirm(t.Context(), web("192.0.2.1"), user, bobsPassword))
	for _, wrong := range []string{annsPassword, app, ""} {
		if err := h.Confirm(t.Context(), web("192.0.2.1"), user, wrong); !errors.Is(err, ErrBadCredentials) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

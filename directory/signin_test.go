package directory

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.AddUser(t.Context(), "new@home.example", "", "")
	must(t, err)
	_, err = h.AddUser(t.Context(), "off@home.example", "", "disabled user 3")
	must(t, err)
	must(t, h.SetDisabled(t.Context(), "off@home.example", true))
	_, err = h.AddUser(t.Context(), "jürgen@home.example", "", "pässwörter 4")
	must(t, err)
	tests := []struct {
		username, password string
		want               error
	}{
		{bob, bobsPassword, nil},
		{"BOB@Home.Example", bobsPassword, nil},
		{"ju\u0308rgen@home.example", "pa\u0308sswo\u0308rter\u00a04", nil}, // decomposed, with a no-break space
		{bob, annsPassword, ErrBadCredentials},
		{bob, "", ErrBadCredentials},
		{bob, "\x00", ErrBadCredentials},
		{bob, string(make([]byte, 5000)), ErrBadCredentials},
		{"bob", bobsPassword, ErrBadCredentials}, // two domains are served
		{"bob+x@home.example", bobsPassword, ErrBadCredentials},
		{"", "", ErrBadCredentials},
		{"nobody@home.example", bobsPassword, ErrBadCredentials},
		{"bob@elsewhere.example", bobsPassword, ErrBadCredentials},
		{"new@home.example", "", ErrBadCredentials},
		{"off@home.example", "disabled user 3", ErrDisabled},
		{"off@home.example", "something else", ErrBadCredentials},
	}
	for i, test := range tests {
		peer := fmt.Sprintf("192.0.2.%d", i) // each its own: none is slowed down
		if err := h.signIn(t, peer, test.username, test.password); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%q %q: %v, want %v", test.username, test.password, err, test.want)
		}
	}
}

func TestNameAloneWhereOneDomainIsServed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.RemoveDomain(t.Context(), "office.example"))
	must(t, h.signIn(t, "192.0.2.1", "Bob", bobsPassword))
}

// Nobody can tell from the work done whether a name exists.
func TestSameWorkForEveryName(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.AddUser(t.Context(), "new@home.example", "", "")
	must(t, err)
	for _, username := range []string{bob, "nobody@home.example", "new@home.example", "x@elsewhere.example", "no address"} {
		before := h.Stats().PasswordHashes
		if err := h.signIn(t, "192.0.2.1", username, "wrong password"); !errors.Is(err, ErrBadCredentials) {
			t.Fatalf("%s: %v", username, err)
		}
		if n := h.Stats().PasswordHashes - before; n != 1 {
			t.Errorf("%s: %d hashes", username, n)
		}
		h.clock.advance(time.Minute)
	}
}

// A client that reconnects every minute costs six computations an hour.
func TestVerifiedSignInsAreRemembered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := h.Stats().PasswordHashes
	for range 60 {
		must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
		h.clock.advance(time.Minute)
	}
	if n := h.Stats().PasswordHashes - before; n != 6 {
		t.Errorf("%d hashes in an hour", n)
	}
}

func TestChangeEndsRememberedSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))

	must(t, h.SetDisabled(ctx, bob, true))
	if err := h.signIn(t, "192.0.2.1", bob, bobsPassword); !errors.Is(err, ErrDisabled) {
		t.Errorf("disabled: %v", err)
	}
	must(t, h.SetDisabled(ctx, bob, false))
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))

	// Not through this Directory: nothing tells it but the database.
	other := openDirectory(t, h.path, h.clock)
	must(t, other.SetPassword(ctx, bob, "entirely new 5"))
	if err := h.signIn(t, "192.0.2.1", bob, bobsPassword); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("old password: %v", err)
	}
	must(t, h.signIn(t, "192.0.2.1", bob, "entirely new 5"))

	must(t, h.RemoveUser(ctx, bob))
	if err := h.signIn(t, "192.0.2.1", bob, "entirely new 5"); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("removed: %v", err)
	}
}

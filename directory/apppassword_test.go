package directory

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// submission is a peer at the other door.
func submission(address string) Peer {
	p := from(address)
	p.Protocol = "submission"
	return p
}

// appPassword makes one of Bob's.
func (h *house) appPassword(t testing.TB, name string, scopes ...string) (string, *AppPassword) {
	t.Helper()
	secret, made, err := h.AddAppPassword(t.Context(), bob, name, scopes...)
	must(t, err)
	return secret, made
}

func TestAppPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	both, laptop := h.appPassword(t, " Laptop ", "submission", "imap", "imap")
	reads, phone := h.appPassword(t, "Phone", "imap")
	if laptop.Name != "Laptop" || !slices.Equal(laptop.Scopes, []string{"imap", "submission"}) || !laptop.Used.IsZero() {
		t.Errorf("made %+v", laptop)
	}
	tests := []struct {
		peer               Peer
		username, password string
		want               error
		by                 *AppPassword
	}{
		{from("192.0.2.1"), bob, both, nil, laptop},
		{submission("192.0.2.1"), bob, both, nil, laptop},
		{from("192.0.2.1"), bob, reads, nil, phone},
		{from("192.0.2.1"), bob, strings.ToUpper(strings.ReplaceAll(reads, "-", " ")), nil, phone},
		{from("192.0.2.1"), bob, bobsPassword, nil, nil},
		{submission("192.0.2.1"), bob, reads, ErrScope, nil},
		{Peer{Protocol: "web", Remote: from("192.0.2.1").Remote}, bob, both, ErrScope, nil},
		{from("192.0.2.1"), ann, both, ErrBadCredentials, nil},
		{from("192.0.2.1"), bob, both[:len(both)-1], ErrBadCredentials, nil},
		{from("192.0.2.1"), bob, generateAppPassword(), ErrBadCredentials, nil},
	}
	for _, test := range tests {
		before := h.Stats().PasswordHashes
		user, err := h.Authenticate(t.Context(), test.peer, test.username, test.password)
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s %s %s: %v, want %v", test.peer.Protocol, test.username, test.password, err, test.want)
			continue
		}
		if test.by != nil && (user.AppPassword == nil || user.AppPassword.ID != test.by.ID || h.Stats().PasswordHashes != before) {
			t.Errorf("%s: signed in as %+v with %d hashes", test.password, user, h.Stats().PasswordHashes-before)
		}
		if test.want == nil && test.by == nil && user.AppPassword != nil {
			t.Errorf("their own password is taken for %+v", user.AppPassword)
		}
	}
}

// SCRAM does not show which password it is of: all of them open, at the doors that
// they are for, before and after Bob has a second factor.
func TestAppPasswordBySCRAM(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	both, _ := h.appPassword(t, "Laptop", "imap", "submission")
	reads, phone := h.appPassword(t, "Phone", "imap")
	try := func(own error) {
		t.Helper()
		for _, test := range []struct {
			peer     Peer
			password string
			want     error
		}{
			{from("192.0.2.1"), both, nil},
			{submission("192.0.2.1"), both, nil},
			{from("192.0.2.1"), reads, nil},
			{submission("192.0.2.1"), reads, ErrScope},
			{from("192.0.2.1"), bobsPassword, own},
			{from("192.0.2.1"), generateAppPassword(), ErrBadCredentials},
		} {
			user, err := h.exchange(t, test.peer, bob, test.password, "")
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("%s %s: %v, want %v", test.peer.Protocol, test.password, err, test.want)
			}
			if err == nil && (user.AppPassword == nil) != (test.password == bobsPassword) {
				t.Errorf("%s: %+v", test.password, user)
			}
		}
	}
	try(nil)
	h.enableTOTP(t, bob)
	try(ErrSecondFactor)

	// A salt of its own, as passwords had before there were app passwords.
	h.clock.advance(time.Hour)
	must(t, h.RevokeAppPassword(t.Context(), bob, phone.ID))
	if _, err := h.exchange(t, from("192.0.2.1"), bob, reads, ""); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("a revoked one: %v", err)
	}
}

// A credential from the time before is renewed when its password is seen, and then
// has the salt that app passwords have.
func TestOldSaltIsRenewed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secret, _ := h.appPassword(t, "Laptop", "imap")
	_, err := h.execute(t, `UPDATE credential SET scram_salt = x'00112233445566778899aabbccddeeff' WHERE user = 2`)
	must(t, err)
	if _, err := h.exchange(t, from("192.0.2.1"), bob, secret, ""); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("before: %v", err)
	}
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	_, err = h.exchange(t, from("192.0.2.1"), bob, secret, "")
	must(t, err)
}

func TestRevokedAppPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secret, made := h.appPassword(t, "Phone", "imap")
	must(t, h.signIn(t, "192.0.2.1", bob, secret))
	if err := h.RevokeAppPassword(t.Context(), ann, made.ID); !errors.Is(err, ErrNoSuchAppPassword) {
		t.Errorf("revoked by Ann: %v", err)
	}
	var endings []Ending
	h.OnEnding(func(e Ending) { endings = append(endings, e) })
	must(t, h.RevokeAppPassword(t.Context(), bob, made.ID))
	if len(endings) != 1 || !endings[0].Covers(2, made.ID) || endings[0].Covers(2, 0) || endings[0].Covers(1, made.ID) {
		t.Errorf("what ends is %+v", endings)
	}
	if err := h.signIn(t, "192.0.2.1", bob, secret); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("revoked: %v", err)
	}
	if err := h.RevokeAppPassword(t.Context(), bob, made.ID); !errors.Is(err, ErrNoSuchAppPassword) {
		t.Errorf("revoked again: %v", err)
	}
}

// A sign-in is no write, but for one an hour.
func TestUseOfAppPasswordIsNoted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secret, _ := h.appPassword(t, "Phone", "imap")
	used := func() AppPassword {
		t.Helper()
		all, err := h.AppPasswords(t.Context(), 2)
		must(t, err)
		if len(all) != 1 {
			t.Fatalf("%d app passwords", len(all))
		}
		return all[0]
	}
	first := h.clock.Now()
	must(t, h.signIn(t, "192.0.2.1", bob, secret))
	h.clock.advance(time.Minute)
	must(t, h.signIn(t, "192.0.2.1", bob, secret))
	if p := used(); !p.Used.Equal(first) || p.UsedFrom != "192.0.2.1" {
		t.Errorf("within the hour: %+v", p)
	}
	must(t, h.signIn(t, "192.0.2.2", bob, secret))
	if p := used(); !p.Used.Equal(h.clock.Now()) || p.UsedFrom != "192.0.2.2" {
		t.Errorf("from elsewhere: %+v", p)
	}
	user, err := h.Authenticate(t.Context(), from("192.0.2.2"), bob, secret)
	must(t, err)
	must(t, h.AppPasswordUsed(t.Context(), user.AppPassword, "K-9 Mail\r\n 6.8"))
	if p := used(); p.UsedBy != "K-9 Mail 6.8" {
		t.Errorf("by %q", p.UsedBy)
	}
}

func TestAppPasswordsAreLimited(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, bad := range []struct {
		name   string
		scopes []string
	}{
		{"", []string{"imap"}}, {" ", []string{"imap"}}, {"a\nb", []string{"imap"}}, {"\xff", []string{"imap"}},
		{strings.Repeat("x", 61), []string{"imap"}}, {"Phone", nil}, {"Phone", []string{"web"}},
	} {
		if _, _, err := h.AddAppPassword(t.Context(), bob, bad.name, bad.scopes...); err == nil {
			t.Errorf("%q %q is accepted", bad.name, bad.scopes)
		}
	}
	for range maxAppPasswords {
		h.appPassword(t, "Phone", "imap")
	}
	if _, _, err := h.AddAppPassword(t.Context(), bob, "Phone", "imap"); !errors.Is(err, ErrTooManyAppPasswords) {
		t.Errorf("one more: %v", err)
	}
	if _, _, err := h.AddAppPassword(t.Context(), ann, "Phone", "imap"); err != nil {
		t.Errorf("Ann's first: %v", err)
	}
}

// Whatever is typed, what is taken for a secret is made of its letters alone, and
// typed again is the same.
func FuzzBareSecret(f *testing.F) {
	for _, seed := range []string{"abcd-efgh", " AB CD ", "", "o", "İ", "\xff-", strings.Repeat("a", 97)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		bare := bareSecret(typed)
		if strings.Trim(bare, secretLetters) != "" || !utf8.ValidString(bare) {
			t.Errorf("%q: %q", typed, bare)
		}
		if again := bareSecret(bare); again != bare {
			t.Errorf("%q: %q, then %q", typed, bare, again)
		}
	})
}

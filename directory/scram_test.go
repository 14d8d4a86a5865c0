package directory

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
)

// exchange plays the client's part of SCRAM and returns who signed in.
func (h *house) exchange(t testing.TB, p Peer, username, password, authorization string) (*User, error) {
	t.Helper()
	client, err := scram.SHA256.NewClient(username, password, authorization)
	must(t, err)
	conversation := client.NewConversation()
	var user *User
	server, err := h.SASL(context.Background(), p, "SCRAM-SHA-256", func(u *User) { user = u })
	must(t, err)
	challenge, done, err := server.Next(nil)
	if len(challenge) != 0 || done || err != nil {
		t.Fatalf("start: %q, %v, %v", challenge, done, err)
	}
	for !done {
		response, stepErr := conversation.Step(string(challenge))
		if stepErr != nil {
			t.Fatalf("client: %v", stepErr)
		}
		if challenge, done, err = server.Next([]byte(response)); err != nil {
			if user != nil {
				t.Fatalf("signed in and failed: %v", err)
			}
			return nil, err
		}
	}
	if !conversation.Valid() {
		t.Error("the server has not proved itself")
	}
	return user, nil
}

func TestSCRAM(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.AddUser(t.Context(), "jürgen@home.example", "", "pässwörter ª4") // SASLprep makes it a4
	must(t, err)
	tests := []struct {
		username, password, authorization string
		want                              error
	}{
		{bob, bobsPassword, "", nil},
		{"Bob@HOME.example", bobsPassword, bob, nil},
		{"jürgen@home.example", "pa\u0308sswo\u0308rter a4", "", nil},
		{bob, annsPassword, "", ErrBadCredentials},
		{bob, bobsPassword, ann, ErrBadCredentials},
		{"nobody@home.example", bobsPassword, "", ErrBadCredentials},
		{"nonsense", bobsPassword, "", ErrBadCredentials},
	}
	for _, test := range tests {
		user, err := h.exchange(t, from("192.0.2.1"), test.username, test.password, test.authorization)
		if !errors.Is(err, test.want) || (user == nil) != (test.want != nil) {
			t.Errorf("%s: %v, %v", test.username, user, err)
		}
	}
	if n := h.Stats().PasswordHashes; n != 3 {
		t.Errorf("%d hashes, want those of three new passwords alone", n)
	}
}

func TestSCRAMOfDisabledUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.SetDisabled(t.Context(), bob, true))
	if _, err := h.exchange(t, from("192.0.2.1"), bob, bobsPassword, ""); !errors.Is(err, ErrDisabled) {
		t.Errorf("right password: %v", err)
	}
	if _, err := h.exchange(t, from("192.0.2.1"), bob, annsPassword, ""); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("wrong password: %v", err)
	}
}

// The password is changed between the client's two messages.
func TestSCRAMPasswordChangedMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	client, err := scram.SHA256.NewClient(bob, bobsPassword, "")
	must(t, err)
	conversation := client.NewConversation()
	server := h.start(t, mechSCRAM, func(*User) { t.Error("signed in") })
	first, _ := conversation.Step("")
	challenge, _, err := server.Next([]byte(first))
	must(t, err)
	must(t, h.SetPassword(t.Context(), bob, "entirely new 5"))
	final, err := conversation.Step(string(challenge))
	must(t, err)
	if _, _, err := server.Next([]byte(final)); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("got %v", err)
	}
}

func (h *house) start(t testing.TB, mechanism string, signedIn func(*User)) sasl.Server {
	t.Helper()
	server, err := h.SASL(context.Background(), from("192.0.2.1"), mechanism, signedIn)
	must(t, err)
	return server
}

// A name that nobody has is answered like one that somebody has: with a salt
// that stays the same, also after a restart, and differs from name to name.
func TestSCRAMSaltOfUnknownUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	salt := func(d *Directory, username string) string {
		server, err := d.SASL(t.Context(), from("192.0.2.1"), mechSCRAM, func(*User) {})
		must(t, err)
		challenge, _, err := server.Next([]byte("n,,n=" + username + ",r=nonce"))
		must(t, err)
		_, rest, _ := strings.Cut(string(challenge), ",")
		return rest
	}
	real, unknown := salt(h.Directory, bob), salt(h.Directory, "nobody@home.example")
	if salt(h.Directory, "NoBody@home.example") != unknown || salt(openDirectory(t, h.path, h.clock), "nobody@home.example") != unknown {
		t.Error("the salt of an unknown user changes")
	}
	if salt(h.Directory, "noone@home.example") == unknown {
		t.Error("two unknown users have the same salt")
	}
	if len(real) != len(unknown) || !strings.HasSuffix(real, ",i=4096") || !strings.HasSuffix(unknown, ",i=4096") {
		t.Errorf("%s looks different from %s", unknown, real)
	}
}

func TestSCRAMFailuresAreThrottled(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range 5 {
		if _, err := h.exchange(t, from("192.0.2.66"), bob, annsPassword, ""); !errors.Is(err, ErrBadCredentials) {
			t.Fatal(err)
		}
	}
	var throttled *ThrottledError
	if _, err := h.exchange(t, from("192.0.2.66"), bob, annsPassword, ""); !errors.As(err, &throttled) {
		t.Errorf("got %v", err)
	}
}

package directory

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestBearer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if slices.Contains(h.Mechanisms(Peer{}, true), mechBearer) {
		t.Error("OAUTHBEARER is offered though nobody checks tokens")
	}
	if _, err := h.SASL(t.Context(), Peer{}, mechBearer, func(*User) {}); err == nil {
		t.Error("OAUTHBEARER begins though nobody checks tokens")
	}
	h.bearer = func(_ context.Context, token string) (string, error) {
		switch token {
		case "bobs":
			return bob, nil
		case "strangers":
			return "stranger@elsewhere.example", nil
		}
		return "", errors.New("expired")
	}
	if slices.Contains(h.Mechanisms(Peer{}, false), mechBearer) || !slices.Contains(h.Mechanisms(Peer{}, true), mechBearer) {
		t.Error("tokens may go over private connections, and over those alone")
	}
	for _, test := range []struct {
		message, challenge string
		want               error
	}{
		{"n,a=" + bob + ",\x01host=x\x01port=993\x01auth=Bearer bobs\x01\x01", "", nil},
		{"n,,\x01auth=bearer bobs\x01\x01", "", nil},
		{"n,a=" + ann + ",\x01auth=Bearer bobs\x01\x01", "invalid_token", ErrBadCredentials},
		{"n,a=" + bob + ",\x01auth=Bearer old\x01\x01", "invalid_token", ErrBadCredentials},
		{"n,,\x01auth=Bearer strangers\x01\x01", "invalid_token", ErrBadCredentials},
		{"n,,\x01auth=Basic Ym9i\x01\x01", "invalid_request", ErrBadResponse},
		{"y,,\x01auth=Bearer bobs\x01\x01", "invalid_request", ErrBadResponse},
		{"nonsense", "invalid_request", ErrBadResponse},
	} {
		var user *User
		server := h.start(t, mechBearer, func(u *User) { user = u })
		challenge, done, err := server.Next([]byte(test.message))
		if test.want == nil {
			if !done || err != nil || user == nil || user.Address != bob {
				t.Errorf("%q: %v, %v, %v", test.message, user, done, err)
			}
			continue
		}
		if done || err != nil || !strings.Contains(string(challenge), test.challenge) {
			t.Errorf("%q: challenge %q, %v, %v", test.message, challenge, done, err)
		}
		for _, answer := range []string{"\x01", ""} {
			if _, _, err := server.Next([]byte(answer)); !errors.Is(err, test.want) {
				t.Errorf("%q: %v after %q", test.message, err, answer)
			}
		}
		if user != nil {
			t.Errorf("%q signed in as %s", test.message, user.Address)
		}
	}
}

// Whatever comes, nobody is signed in without the right token.
func FuzzBearer(f *testing.F) {
	f.Add("n,a=bob@home.example,\x01auth=Bearer wrong\x01\x01", "\x01")
	f.Add("n,,\x01", "")
	h := newHouse(f)
	h.bearer = func(context.Context, string) (string, error) { return "", errors.New("expired") }
	f.Fuzz(func(t *testing.T, first, second string) {
		server := h.start(t, mechBearer, func(*User) { t.Error("signed in") })
		for _, response := range []string{first, second, second} {
			if _, done, _ := server.Next([]byte(response)); done {
				t.Errorf("%q is done", first)
			}
		}
	})
}

package directory

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
)

func TestMechanisms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	peer := from("192.0.2.1")
	bound := peer
	bound.Bindings = map[string][]byte{"tls-exporter": []byte("binding")}
	for _, test := range []struct {
		peer    Peer
		private bool
		want    string
	}{
		{peer, true, "SCRAM-SHA-256 PLAIN LOGIN"},
		{peer, false, "SCRAM-SHA-256"},
		{bound, true, "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN"},
	} {
		if got := strings.Join(h.Mechanisms(test.peer, test.private), " "); got != test.want {
			t.Errorf("there are %q, want %q", got, test.want)
		}
	}
	known := h.Mechanisms(bound, true)
	for _, name := range append(known, "CRAM-MD5", "scram-sha-256", "") {
		_, err := h.SASL(t.Context(), bound, name, func(*User) {})
		if slices.Contains(known, name) != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlainAndLogin(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	none := "" // stands for no initial response
	tests := []struct {
		mechanism  string
		responses  []string
		challenges []string
		want       error
	}{
		{"PLAIN", []string{"\x00" + bob + "\x00" + bobsPassword}, nil, nil},
		{"PLAIN", []string{none, "\x00" + bob + "\x00" + bobsPassword}, []string{""}, nil},
		{"PLAIN", []string{"BOB@home.example\x00" + bob + "\x00" + bobsPassword}, nil, nil},
		{"PLAIN", []string{ann + "\x00" + bob + "\x00" + bobsPassword}, nil, ErrBadCredentials},
		{"PLAIN", []string{"\x00" + bob + "\x00" + annsPassword}, nil, ErrBadCredentials},
		{"PLAIN", []string{"\x00" + bob + "\x00"}, nil, ErrBadResponse},
		{"PLAIN", []string{"\x00\x00" + bobsPassword}, nil, ErrBadResponse},
		{"PLAIN", []string{bob + "\x00" + bobsPassword}, nil, ErrBadResponse},
		{"PLAIN", []string{"\x00" + bob + "\x00" + bobsPassword + "\x00"}, nil, ErrBadResponse},
		{"PLAIN", []string{"\x00" + bob + "\x00\xff" + bobsPassword}, nil, ErrBadResponse},
		{"LOGIN", []string{none, bob, bobsPassword}, []string{"Username:", "Password:"}, nil},
		{"LOGIN", []string{bob, bobsPassword}, []string{"Password:"}, nil},
		{"LOGIN", []string{bob, annsPassword}, []string{"Password:"}, ErrBadCredentials},
		{"LOGIN", []string{bob, none}, []string{"Password:"}, ErrBadResponse},
	}
	for _, test := range tests {
		var user *User
		server := h.start(t, test.mechanism, func(u *User) { user = u })
		var challenges []string
		var done bool
		var err error
		for _, response := range test.responses {
			var in, out []byte
			if response != none {
				in = []byte(response)
			}
			if out, done, err = server.Next(in); !done && err == nil {
				challenges = append(challenges, string(out))
			}
		}
		if !errors.Is(err, test.want) || done != (test.want == nil) || (user != nil) != done || !slices.Equal(challenges, test.challenges) {
			t.Errorf("%s %q: %q, done %v, %v", test.mechanism, test.responses, challenges, done, err)
		}
		if _, done, err := server.Next([]byte("more")); done || !errors.Is(err, ErrBadResponse) {
			t.Errorf("%s goes on after its end: %v, %v", test.mechanism, done, err)
		}
	}
}

// The clients of the library that the tests of the servers use understand us.
func TestSASLClients(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, client := range []sasl.Client{sasl.NewPlainClient("", bob, bobsPassword), sasl.NewLoginClient(bob, bobsPassword)} {
		mechanism, response, err := client.Start()
		must(t, err)
		var user *User
		server := h.start(t, mechanism, func(u *User) { user = u })
		for done := false; !done; {
			var challenge []byte
			challenge, done, err = server.Next(response)
			must(t, err)
			if !done {
				response, err = client.Next(challenge)
				must(t, err)
			}
		}
		if user == nil || user.Address != bob {
			t.Errorf("%s: %v signed in", mechanism, user)
		}
	}
}

// Whatever comes, nobody signs in by it, and nothing breaks.
func FuzzSASL(f *testing.F) {
	f.Add("PLAIN", []byte("\x00"+bob+"\x00wrong password"), []byte(""), []byte(""))
	f.Add("LOGIN", []byte(bob), []byte("wrong password"), []byte(""))
	f.Add("SCRAM-SHA-256", []byte("n,,n="+bob+",r=abc"), []byte("c=biws,r=abc,p=AAAA"), []byte(""))
	f.Add("SCRAM-SHA-256", []byte("n,a="+ann+",n=bob=2Cx=3D,r=,"), []byte("c=,r=,p="), []byte("x"))
	f.Add("SCRAM-SHA-256", []byte("p=tls-unique,,n=bob,r=x"), []byte(",,,"), []byte("v="))
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, mechanism string, first, second, third []byte) {
		if !slices.Contains(h.Mechanisms(Peer{}, true), mechanism) {
			return
		}
		if whole := bytes.Join([][]byte{first, second}, nil); strings.Contains(string(whole), bobsPassword) || strings.Contains(string(whole), annsPassword) {
			return
		}
		server := h.start(t, mechanism, func(u *User) { t.Errorf("%s signed in by %q %q %q", u.Address, first, second, third) })
		for _, response := range [][]byte{first, second, third} {
			if _, done, _ := server.Next(response); done {
				t.Errorf("%s is done", mechanism)
			}
		}
		h.throttle = newThrottle(h.now)
	})
}

package certificate

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	of := func(kind string) error {
		return &acme.AuthorizationError{Errors: []error{&acme.Error{ProblemType: problem + kind, Detail: "as they say"}}}
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{of("dns"), "Add an A record"},
		{errors.Join(fmt.Errorf("http-01: %w", of("connection")), of("connection")), "Open ports 80 and 443"},
		{of("unauthorized"), "Another machine"},
		{of("caa"), "CAA record"},
		{of("rateLimited"), "too many certificates"},
		{&acme.Error{ProblemType: problem + "rateLimited", Header: http.Header{"Retry-After": {"7200"}}}, "for 2h0m0s"},
		{&acme.OrderError{Problem: &acme.Error{ProblemType: problem + "caa"}}, "CAA record"},
		{&acme.OrderError{}, "The certificate authority said"},
		{of("rejectedIdentifier"), "another host name"},
		{fmt.Errorf("register: %w", &net.OpError{Op: "dial", Err: errors.New("refused")}), "cannot be reached"},
		{of("serverInternal"), "as they say"},
	} {
		if got := Explain("mail.harbour.net", c.err); !strings.Contains(got, c.want) {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	limited := &acme.Error{ProblemType: problem + "rateLimited", Header: http.Header{"Retry-After": {"172800"}}}
	for _, c := range []struct {
		failures int
		err      error
		want     time.Duration
	}{
		{1, errors.New("any"), 15 * time.Minute},
		{2, errors.New("any"), 30 * time.Minute},
		{1000, errors.New("any"), 12 * time.Hour},
		{1, &unreachedError{}, time.Minute},
		{1000, &unreachedError{}, time.Hour},
		{1, limited, 48 * time.Hour},
	} {
		got := pause(c.failures, c.err)
		if got < c.want || got > c.want+c.want/9 {
			t.Errorf("after %d failures, %v: %v, want %v and a tenth at most", c.failures, c.err, got, c.want)
		}
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"mail.harbour.net": true, "harbour.net": true, "xn--mnchen-3ya.de": true,
		"localhost": false, "mail": false, "mail.local": false, "mail.letterbox.example": false,
		"mail.example.org": false, "192.0.2.1": false, "": false, "box.internal": false,
	} {
		if got := Public(name); got != want {
			t.Errorf("Public(%q) = %v", name, got)
		}
	}
}

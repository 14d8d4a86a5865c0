package directory

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// browser signs ann in.
func (h *house) browser(t testing.TB) (token string) {
	t.Helper()
	user, err := h.User(t.Context(), ann)
	must(t, err)
	token, err = h.NewWebSession(t.Context(), user, netip.MustParseAddr("192.0.2.1"), "Browser/1")
	must(t, err)
	return token
}

func (h *house) signedIn(t testing.TB, token string) bool {
	t.Helper()
	_, err := h.WebSession(t.Context(), token)
	if err != nil && !errors.Is(err, ErrNoSession) {
		t.Fatal(err)
	}
	return err == nil
}

func TestWebSessionEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, h *house, token string) error{
		"idle":     func(_ *testing.T, h *house, _ string) error { h.clock.advance(webIdle + time.Minute); return nil },
		"password": func(t *testing.T, h *house, _ string) error { return h.SetPassword(t.Context(), ann, "entirely new 5") },
		"role":     func(t *testing.T, h *house, _ string) error { return h.SetRole(t.Context(), ann, "auditor") },
		"disabled": func(t *testing.T, h *house, _ string) error { return h.SetDisabled(t.Context(), ann, true) },
		"removed":  func(t *testing.T, h *house, _ string) error { return h.RemoveUser(t.Context(), ann) },
		"kicked": func(t *testing.T, h *house, token string) error {
			s, err := h.WebSession(t.Context(), token)
			must(t, err)
			return h.EndWebSession(t.Context(), s.User, s.ID)
		},
		"proved: the token is another": func(t *testing.T, h *house, token string) error {
			s, err := h.WebSession(t.Context(), token)
			must(t, err)
			fresh, err := h.ProveWebSession(t.Context(), s.ID)
			if !h.signedIn(t, fresh) {
				t.Error("the new token is not good")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			token := h.browser(t)
			if !h.signedIn(t, token) {
				t.Fatal("a new session is not good")
			}
			must(t, end(t, h, token))
			if h.signedIn(t, token) {
				t.Error("the session is still good")
			}
		})
	}
}

// A session that is used all the time ends all the same.
func TestWebSessionLifetime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.browser(t)
	for range 29 {
		h.clock.advance(24 * time.Hour)
		if !h.signedIn(t, token) {
			t.Fatal("a session in use ended early")
		}
	}
	h.clock.advance(25 * time.Hour)
	if h.signedIn(t, token) {
		t.Error("it lives beyond its limit")
	}
}

func TestWebSessionsAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.browser(t)
	for range webPerUser {
		h.browser(t)
	}
	user, err := h.User(t.Context(), ann)
	must(t, err)
	list, err := h.WebSessions(t.Context(), user.ID)
	must(t, err)
	if len(list) != webPerUser || h.signedIn(t, first) {
		t.Errorf("%d sessions, the oldest among them: %t", len(list), h.signedIn(t, first))
	}
	if list[0].Remote != "192.0.2.1" || list[0].Agent != "Browser/1" {
		t.Errorf("%+v", list[0])
	}
}

// Nobody ends another's session, and what a browser says of itself is cut.
func TestWebSessionOfAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.browser(t)
	s, err := h.WebSession(t.Context(), token)
	must(t, err)
	other, err := h.User(t.Context(), bob)
	must(t, err)
	must(t, h.EndWebSession(t.Context(), other, s.ID))
	if !h.signedIn(t, token) {
		t.Error("bob ended ann's session")
	}
	long, err := h.NewWebSession(t.Context(), other, netip.Addr{}, strings.Repeat("ü", 4000))
	must(t, err)
	if s, err = h.WebSession(t.Context(), long); err != nil || len(s.Agent) > webAgent {
		t.Errorf("%d bytes, %v", len(s.Agent), err)
	}
}

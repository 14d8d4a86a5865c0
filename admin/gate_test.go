package admin

import (
	"net/http"
	"strings"
	"testing"
)

// TestEveryRouteHasARule is what a new route fails that nobody thought about.
func TestEveryRouteHasARule(t *testing.T) {
	t.Parallel()
	gets := map[string]bool{}
	for _, r := range routes() {
		if path, isGet := strings.CutPrefix(r.pattern, "GET "); isGet {
			gets[path] = true
		}
	}
	for _, r := range routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		switch {
		case r.who == 0:
			t.Errorf("%s: nobody may use it", r.pattern)
		case method != http.MethodGet && method != http.MethodPost:
			t.Errorf("%s: browsers send GET and POST", r.pattern)
		case method == http.MethodPost && r.who&auditor != 0 && r.who != everybody && r.who != signedIn:
			t.Errorf("%s: an auditor changes nothing of others", r.pattern)
		case method == http.MethodPost && r.need == dangerous && !gets[path]:
			t.Errorf("%s: nothing to come back to after the password was shown", r.pattern)
		case r.who&admin == 0:
			t.Errorf("%s: an admin may not use it", r.pattern)
		}
	}
}

// TestMatrix plays every route as everybody.
func TestMatrix(t *testing.T) {
	t.Parallel()
	h := build(t)
	for _, who := range everyRole {
		b := h.as(t, who)
		u, err := h.Directory.User(t.Context(), who)
		if who == "" {
			u, err = nil, nil
		}
		must(t, err)
		for _, r := range routes() {
			if r.pattern == "POST /signout" {
				continue // TestSignIn; here it would end the session
			}
			answer := b.try(r)
			toSignIn := answer.Status == http.StatusSeeOther && strings.HasPrefix(answer.Header.Get("Location"), "/signin?")
			refused := answer.Status == http.StatusForbidden
			switch admitted := r.who.admits(u); {
			case admitted && (refused || toSignIn):
				t.Errorf("%q is kept from %s: %d", who, r.pattern, answer.Status)
			case !admitted && who == "" && !toSignIn, !admitted && who != "" && !refused:
				t.Errorf("%q gets to %s: %d", who, r.pattern, answer.Status)
			case answer.Status >= 500:
				t.Errorf("%q %s: %d", who, r.pattern, answer.Status)
			}
		}
	}
}

// try asks for a route, with nothing in its form and something in its path.
func (b *browser) try(r route) reply {
	method, path, _ := strings.Cut(r.pattern, " ")
	path = strings.TrimSuffix(path, "{$}")
	for strings.Contains(path, "{") {
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + "9999" + after
	}
	if method == http.MethodPost {
		return b.post(path)
	}
	return b.get(path)
}

package admin

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.browser(t)
	b.wants(b.get("/me?x=1"), 303, "/signin?to=%2Fme%3Fx%3D1")
	b.wants(b.get("/signin?to=/me"), 200, `value="/me"`)
	b.wants(b.post("/signin", "user", aUser, "password", "wrong"), 422, "do not belong together", `value="`+aUser+`"`, "!wrong\"")
	b.wants(b.post("/signin", "user", aUser, "password", secretOf(aUser), "to", "/me"), 303, "/me")
	b.wants(b.get("/me"), 200, aUser)
	b.wants(b.get("/signin"), 303, "/")
	b.wants(b.post("/signout"), 303, "/signin")
	b.wants(b.get("/me"), 303, "/signin")
}

func TestStart(t *testing.T) {
	t.Parallel()
	h := build(t)
	for who, want := range map[string]string{"": "/signin", aUser: "/me", aHelper: "/people", anAuditor: "/overview", anAdmin: "/overview"} {
		b := h.as(t, who)
		b.wants(b.get("/"), 303, want)
	}
}

func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aUser)
	must(t, h.Directory.SetDisabled(t.Context(), aUser, true))
	b.wants(b.get("/me"), 303, "/signin")
	b.wants(b.post("/signin", "user", aUser, "password", secretOf(aUser)), 422, "switched off")
}

// The throttle is the one of IMAP and SMTP.
func TestSignInIsThrottled(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.browser(t)
	for i := range 200 {
		r := b.post("/signin", "user", aUser, "password", strings.Repeat("x", i+1))
		if strings.Contains(r.Body, "Too many wrong passwords") {
			return
		}
	}
	t.Error("two hundred passwords were tried")
}

// TestFixation signs in with a session that somebody else prepared.
func TestFixation(t *testing.T) {
	t.Parallel()
	h := build(t)
	u, err := h.Directory.User(t.Context(), aUser)
	must(t, err)
	planted, err := h.Directory.NewWebSession(t.Context(), u, netip.Addr{}, "attacker")
	must(t, err)
	b := h.browser(t)
	b.set(sessionCookie, planted)
	answer := b.post("/signin", "user", anAdmin, "password", secretOf(anAdmin))
	b.wants(answer, 303)
	for _, c := range (&http.Response{Header: answer.Header}).Cookies() {
		if c.Name != sessionCookie {
			continue
		}
		if c.Value == planted || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("%+v", c)
		}
	}
	attacker := h.browser(t)
	attacker.set(sessionCookie, planted)
	attacker.wants(attacker.get("/me"), 303, "/signin")
}

// TestProof comes to a dangerous act with a password that was shown a while ago.
func TestProof(t *testing.T) {
	t.Parallel()
	h := build(t, func(s *Site) {
		s.Now = func() time.Time { return time.Now().Add(proofLasts + time.Minute) }
	})
	b := h.as(t, anAdmin)
	act := route{"POST /x", change, dangerous, func(v *visit) error { t.Error("it was done"); return nil }}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/x", nil)
	before := b.cookie(sessionCookie)
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: before})
	h.gate(act).ServeHTTP(w, r)
	if to := w.Header().Get("Location"); to != "/proof?to=%2Fx" {
		t.Errorf("sent to %q", to)
	}
	b.wants(b.get("/proof?to=/people"), 200, anAdmin)
	b.wants(b.post("/proof", "password", "wrong", "to", "/people"), 422, "do not belong together")
	b.wants(b.post("/proof", "password", secretOf(anAdmin), "to", "/people"), 303, "/people")
	if b.cookie(sessionCookie) == before {
		t.Error("the session kept its token")
	}
	b.wants(b.get("/people"), 200)
}

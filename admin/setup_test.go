package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// newHouse is a site that nobody administers, with its code.
func newHouse(t testing.TB) (h *house, code string, anew *counter) {
	t.Helper()
	anew = new(counter)
	h = build(t, func(s *Site) {
		s.Setup, code = NewSetup()
		s.Machine.BeginAnew = anew.call
		must(t, s.Directory.SetRole(t.Context(), anAdmin, ""))
	})
	return h, code, anew
}

func TestSetup(t *testing.T) {
	t.Parallel()
	h, code, anew := newHouse(t)
	b := h.browser(t)
	b.wants(b.get("/"), http.StatusSeeOther, "/setup")
	b.wants(b.get("/setup"), http.StatusOK, "Set-up code", "!"+code)
	for _, path := range []string{"/setup/name", "/setup/you"} {
		b.wants(b.get(path), http.StatusSeeOther, "/setup")
		b.wants(b.post(path, "domain", "new.example", "local", "eve", "password", "an evil password", "again", "an evil password"), http.StatusSeeOther, "/setup")
	}
	b.wants(b.post("/setup", "code", "aaaa-bbbb-cccc-dddd"), http.StatusUnprocessableEntity, "not the code")
	b.wants(b.post("/setup", "code", " "+strings.ToUpper(code)+" "), http.StatusSeeOther, "/setup/name")
	other := h.browser(t)
	other.wants(other.post("/setup", "code", code), http.StatusUnprocessableEntity, "not the code")
	other.wants(other.get("/setup/name"), http.StatusSeeOther, "/setup")

	b.wants(b.get("/setup/you"), http.StatusSeeOther, "/setup/name")
	b.wants(b.post("/setup/name", "domain", "nonsense"), http.StatusUnprocessableEntity, "This is not a domain", `value="nonsense"`)
	b.wants(b.post("/setup/name", "domain", "new.example", "hostname", "a name"), http.StatusUnprocessableEntity, "no host name")
	b.wants(b.post("/setup/name", "domain", "new.example", "do", "check"), http.StatusOK, "The DNS has no address for mail.new.example", `value="mail.new.example"`)
	b.wants(b.post("/setup/name", "domain", "old.example", "do", "keep"), http.StatusSeeOther, "/setup/you")
	b.wants(b.post("/setup/name", "domain", "New.example.", "do", "keep"), http.StatusSeeOther, "/setup/you")
	b.wants(b.get("/setup"), http.StatusSeeOther, "/setup/name")
	b.wants(b.get("/setup/name"), http.StatusOK, `value="new.example"`)

	b.wants(b.get("/setup/you"), http.StatusOK, "@new.example")
	you := []string{"name", "Ann", "local", "ann", "password", "the new correct horse"}
	b.wants(b.post("/setup/you", append(you, "again", "the old correct horse")...), http.StatusUnprocessableEntity, "not the same")
	b.wants(b.post("/setup/you", "name", "Ann", "local", "ann", "password", "short", "again", "short"), http.StatusUnprocessableEntity, "too short")
	b.wants(b.post("/setup/you", "name", "Ann", "local", "ann"), http.StatusUnprocessableEntity, "too short")
	b.wants(b.post("/setup/you", append(you, "again", "the new correct horse")...), http.StatusSeeOther, "/guide")
	if anew.n.Load() != 1 {
		t.Errorf("the appliance began anew %d times", anew.n.Load())
	}
	b.wants(b.get("/guide"), http.StatusOK, "People", "DNS records", "A test mail")
	ann, err := h.Directory.User(t.Context(), "ann@new.example")
	if err != nil || ann.Role != "admin" {
		t.Errorf("%+v, %v", ann, err)
	}
	domains, err := h.Directory.Domains(t.Context())
	must(t, err)
	for _, d := range domains {
		if d.Name == "old.example" {
			t.Error("a domain that was chosen and changed again is still here")
		}
	}

	// There is an admin: nobody sets anything up any more.
	for _, path := range []string{"/setup", "/setup/name", "/setup/you"} {
		other.wants(other.get(path), http.StatusSeeOther, "/guide")
	}
	other.wants(other.post("/setup", "code", code), http.StatusSeeOther, "/guide")
	other.wants(other.get("/guide"), http.StatusSeeOther, "/signin")
	other.wants(other.get("/"), http.StatusSeeOther, "/signin")
}

// TestSetupIsClosed has no code to give where there is an admin from the start.
func TestSetupIsClosed(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.browser(t)
	b.wants(b.get("/setup"), http.StatusSeeOther, "/guide")
	b.wants(b.post("/setup", "code", ""), http.StatusSeeOther, "/guide")
	b.wants(b.post("/setup/you", "local", "eve"), http.StatusSeeOther, "/guide")
}

// TestGuessing lets nobody find the code out by trying.
func TestGuessing(t *testing.T) {
	t.Parallel()
	s, code := NewSetup()
	now := time.Now()
	counted := 0
	for range 10_000 { // one guess a second
		now = now.Add(time.Second)
		if _, wait := s.try("wrong", now); wait == 0 {
			counted++
		}
	}
	if counted > 16 {
		t.Errorf("%d guesses counted within 10,000 s", counted)
	}
	if token, wait := s.try(code, now); token != "" || wait > time.Hour {
		t.Errorf("the right code counts while guesses wait, or waits too long: %v", wait)
	}
	token, _ := s.try(code, now.Add(time.Hour))
	if token == "" || !s.knows(token) || s.knows("") || s.knows(token+"x") {
		t.Error("the right code opens nothing, or a wrong cookie does")
	}
	s.end()
	if s.knows(token) {
		t.Error("the cookie outlives the set-up")
	}
	if again, _ := s.try(code, now.Add(48*time.Hour)); again != "" {
		t.Error("the code counts twice")
	}
}

func TestGuide(t *testing.T) {
	t.Parallel()
	h := build(t)
	must(t, h.Directory.SetSetting(t.Context(), chosenDomain, "home.example"))
	b := h.as(t, anAdmin)
	b.wants(b.get("/guide"), http.StatusOK, "steps are left", "/guide/dns")
	added := b.post("/guide/people", "name", "Ben", "local", "ben")
	b.wants(added, http.StatusOK, "ben@home.example was added", `id="password"`)
	b.wants(b.get("/guide/people"), http.StatusOK, "ben@home.example", "!"+`id="password"`)
	b.wants(b.post("/guide/people", "local", "ben"), http.StatusUnprocessableEntity, "is taken")
	b.wants(b.get("/guide/dns"), http.StatusOK, "v=DKIM1", "has no MX record")
	b.wants(b.get("/guide/reach"), http.StatusOK, "Letterbox is not running")
	b.wants(b.post("/guide/look", "to", "/guide/reach"), http.StatusSeeOther, "/guide/reach")
	b.wants(b.post("/guide/look", "to", "https://elsewhere.example/"), http.StatusSeeOther, "!elsewhere")
	b.wants(b.get("/guide/snapshots"), http.StatusOK, "/snapshots")
	b.wants(b.post("/guide/snapshots", "target", "/nowhere"), http.StatusUnprocessableEntity, "there is none in this house")

	b.wants(b.get("/guide/mail"), http.StatusOK, "Address elsewhere")
	b.wants(b.post("/guide/mail", "to", "nobody"), http.StatusUnprocessableEntity, "not an address")
	b.wants(b.post("/guide/mail", "to", "ben@home.example"), http.StatusUnprocessableEntity, "is here")
	b.wants(b.post("/guide/mail", "to", "ann@elsewhere.example"), http.StatusSeeOther, "/guide/mail")
	b.wants(b.get("/guide/mail"), http.StatusOK, "waits in the queue", "answer it from ann@elsewhere.example")
	items, err := h.Queue.List(t.Context())
	must(t, err)
	must(t, h.Queue.Drop(t.Context(), items[0].ID))
	b.wants(b.get("/guide/mail"), http.StatusOK, "taken by the other side")
	h.deliver(t, anAdmin, "From: Ann <ann@elsewhere.example>\r\nIn-Reply-To: <"+items[0].EnvID+"@home.example>\r\nSubject: Re: test\r\n\r\nHere.\r\n")
	b.wants(b.get("/guide/mail"), http.StatusOK, "The answer of Ann is here")
}

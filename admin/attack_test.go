package admin

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// TestForeignForm sends forms as a page of another site would.
func TestForeignForm(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAdmin)
	for _, r := range routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		if method != http.MethodPost {
			continue
		}
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			request, err := http.NewRequestWithContext(t.Context(), method, h.URL+strings.ReplaceAll(path, "{id}", "1"), nil)
			must(t, err)
			request.Header.Set(header, value)
			b.wants(b.do(request), 403, "another web site")
		}
	}
	b.wants(b.get("/overview"), 200) // nobody was signed out
}

// TestHeaders wants every page to forbid being shown within another, and script
// that is not ours.
func TestHeaders(t *testing.T) {
	t.Parallel()
	h := build(t)
	for _, who := range []string{"", anAdmin} {
		b := h.as(t, who)
		for _, path := range []string{"/", "/signin", "/people", "/nothing", "/me"} {
			header := b.get(path).Header
			policy := header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
				if !strings.Contains(policy, part) {
					t.Errorf("%s: %q lacks %s", path, policy, part)
				}
			}
			if strings.Contains(policy, "unsafe") || header.Get("X-Frame-Options") != "DENY" ||
				header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %v", path, header)
			}
			if header.Get("Strict-Transport-Security") != "" { // the certificate is not one that browsers take
				t.Errorf("%s: HSTS with a certificate of our own", path)
			}
		}
	}
}

// TestOpenRedirect tries to be led elsewhere after signing in.
func TestOpenRedirect(t *testing.T) {
	t.Parallel()
	for _, to := range []string{
		"https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "///evil.example", "http:evil.example",
		"/\t/evil.example", "javascript:alert(1)", "evil.example", "", "/%zz", "https:/evil.example", "/ok\r\nSet-Cookie: x=y", "//", "/\x00",
	} {
		if got := local(to); got != "/" && !strings.HasPrefix(got, "/ok") || strings.ContainsAny(got, "\r\n") || strings.HasPrefix(got, "//") {
			t.Errorf("%q leads to %q", to, got)
		}
	}
	for _, to := range []string{"/me", "/people?q=a&page=2", "/people/5"} {
		if got := local(to); got != to {
			t.Errorf("%q leads to %q", to, got)
		}
	}
	h := build(t)
	b := h.browser(t)
	r := b.post("/signin", "user", aUser, "password", secretOf(aUser), "to", "//evil.example/")
	if to := r.Header.Get("Location"); r.Status != 303 || to != "/" {
		t.Errorf("%d to %q", r.Status, to)
	}
}

// TestHostileNames puts markup wherever somebody else decides what stands on a
// page.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	h := build(t)
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	must(t, h.Directory.SetName(t.Context(), aUser, hostile))
	u, err := h.Directory.User(t.Context(), aUser)
	must(t, err)
	_, err = h.Directory.NewWebSession(t.Context(), u, netip.Addr{}, hostile)
	must(t, err)
	b := h.as(t, anAdmin)
	b.set(saidCookie, "Ij48c2NyaXB0PmFsZXJ0KDEpPC9zY3JpcHQ-") // what was just done: "><script>alert(1)</script>
	pages := []string{"/people", personURL(u), "/search?q=%22%3E%3Cscript%3E", "/settings/audit?q=%22%3E%3Cscript%3E", "/people?q=%22%3E%3Cscript%3E&sort=%22%3E%3Cscript%3E",
		"/proof?to=%22%3E%3Cscript%3E"}
	stranger := h.browser(t)
	stranger.wants(stranger.get("/signin?to=%22%3E%3Cscript%3E"), 200, "!<script>")
	for _, path := range pages {
		b.wants(b.get(path), 200, "!<script>", "!<img")
		if path == "/people" {
			b.set(saidCookie, "Ij48c2NyaXB0PmFsZXJ0KDEpPC9zY3JpcHQ-")
			b.wants(b.get(path), 200, "alert(1)")
		}
	}
}

// TestHeaderInjection puts line ends wherever a header is made from what was sent.
func TestHeaderInjection(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aUser)
	for _, r := range []reply{
		b.post("/preferences", "theme", "dark\r\nX-Evil: 1", "to", "/me\r\nX-Evil: 1"),
		b.post("/preferences", "language", "de\r\nX-Evil: 1", "to", "/me"),
		b.get("/me?x=%0d%0aX-Evil:%201"),
	} {
		if r.Header.Get("X-Evil") != "" || strings.Contains(strings.Join(r.Header.Values("Set-Cookie"), " "), "Evil") {
			t.Errorf("%v", r.Header)
		}
	}
}

// TestPreferences changes language and colours without script.
func TestPreferences(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aUser)
	b.wants(b.post("/preferences", "language", "de", "to", "/me"), 303, "/me")
	b.wants(b.get("/me"), 200, "Mein Postfach", `lang="de"`)
	b.wants(b.post("/preferences", "theme", "dark", "to", "/me"), 303)
	b.wants(b.get("/me"), 200, `data-theme="dark"`)
	b.wants(b.post("/preferences", "theme", "auto", "to", "/me"), 303)
	b.wants(b.get("/me"), 200, "!data-theme")
	other := h.as(t, aUser) // another browser: the language is the user's
	other.wants(other.get("/me"), 200, "Mein Postfach")
	b.wants(b.post("/preferences", "language", "tlh", "to", "/me"), 303)
	b.wants(b.get("/me"), 200, "Mein Postfach")
}

// TestAdminFrom lets the appliance be administered from one network alone.
func TestAdminFrom(t *testing.T) {
	t.Parallel()
	h := build(t, func(s *Site) { s.AdminFrom = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	b := h.as(t, anAdmin)
	b.wants(b.get("/people"), 403, "Not from here")
	b.wants(b.get("/me"), 200)
	b.wants(b.get("/"), 303, "/me")
}

// TestProxies believes those who are trusted, and nobody else.
func TestProxies(t *testing.T) {
	t.Parallel()
	s := &Site{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for _, test := range []struct {
		peer, forwarded, want string
		encrypted             bool
	}{
		{"192.0.2.1:99", "", "192.0.2.1", false},
		{"192.0.2.1:99", "198.51.100.7", "192.0.2.1", false}, // no proxy of ours
		{"10.0.0.1:99", "198.51.100.7", "198.51.100.7", true},
		{"10.0.0.1:99", "203.0.113.9, 198.51.100.7", "198.51.100.7", true}, // the first may be made up
		{"10.0.0.1:99", "198.51.100.7, 10.0.0.2", "198.51.100.7", true},
		{"10.0.0.1:99", "nonsense", "10.0.0.1", true},
		{"10.0.0.1:99", "", "10.0.0.1", true},
		{"[::ffff:10.0.0.1]:99", "2001:db8::1", "2001:db8::1", true},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = test.peer
		r.Header.Set("X-Forwarded-Proto", "https")
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if got := s.client(r).String(); got != test.want || s.Encrypted(r) != test.encrypted {
			t.Errorf("%s for %q: %s, %t", test.peer, test.forwarded, got, s.Encrypted(r))
		}
	}
}

// TestWeight wants every page that can be had to be light, with its style and
// script.
func TestWeight(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.populate(t, 500)
	b := h.as(t, anAdmin)
	for _, r := range routes() {
		path, isGet := strings.CutPrefix(r.pattern, "GET ")
		if !isGet || strings.Contains(path, "{") || strings.HasSuffix(path, ".zip") {
			continue
		}
		if answer := b.get(path); len(answer.Body) > 60_000 {
			t.Errorf("%s weighs %d bytes", path, len(answer.Body))
		}
	}
}

package admin

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"letterbox/certificate"
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
		}
	}
}

// TestHSTS binds browsers to HTTPS only where they take the certificate: with one
// that signed itself, who made it, they would let nobody in any more.
func TestHSTS(t *testing.T) {
	t.Parallel()
	h := build(t)
	ask := func(what string, o certificate.Options) string {
		t.Helper()
		o.Dir, o.Hostname = t.TempDir(), h.Hostname
		keeper, err := certificate.Open(o)
		must(t, err)
		h.Certificates = keeper
		answer := httptest.NewRecorder()
		h.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/signin", nil))
		if answer.Code != http.StatusOK {
			t.Errorf("%s: status %d", what, answer.Code)
		}
		return answer.Header().Get("Strict-Transport-Security")
	}
	if got := ask("our own", certificate.Options{}); got != "" {
		t.Errorf("with a certificate of our own: %q", got)
	}
	pair, key := issue(t, h.Hostname, true)
	if got := ask("self-signed", certificate.Options{Certificate: pair, Key: key}); got != "" {
		t.Errorf("with a file that signed itself: %q", got)
	}
	pair, key = issue(t, h.Hostname, false)
	if got := ask("issued", certificate.Options{Certificate: pair, Key: key}); !strings.HasPrefix(got, "max-age=") {
		t.Errorf("with a certificate of an authority: %q", got)
	}
	pair, key = issue(t, "other.example", false)
	if got := ask("issued to another", certificate.Options{Certificate: pair, Key: key}); got != "" {
		t.Errorf("with a certificate for another name: %q", got)
	}
}

// issue writes a certificate for a name, signed by itself or by an authority, and its
// key into files.
func issue(t *testing.T, name string, itself bool) (pair, key string) {
	t.Helper()
	public, secret, err := ed25519.GenerateKey(nil)
	must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	parent := &x509.Certificate{Subject: pkix.Name{CommonName: "An authority"}}
	if itself {
		parent = leaf
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, parent, public, secret)
	must(t, err)
	pkcs, err := x509.MarshalPKCS8PrivateKey(secret)
	must(t, err)
	pair, key = filepath.Join(t.TempDir(), "certificate.pem"), filepath.Join(t.TempDir(), "key.pem")
	must(t, os.WriteFile(pair, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs}), 0o600))
	return pair, key
}

// TestCaching: nothing of a page or a file stays in a browser's cache, where the next
// person at the machine would find it; what is the same for everybody stays there.
func TestCaching(t *testing.T) {
	t.Parallel()
	h := inhabit(t)
	for _, s := range h.sights(t) {
		if got := h.as(t, s.who).get(s.path).Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", s.path, got)
		}
	}
	for path, who := range map[string]string{
		"/me/export/mail.zip": aUser, "/snapshots/sheet": anAdmin, "/domains/home.example/zone": anAdmin, "/nothing": anAdmin, "/me": "",
	} {
		if got := h.as(t, who).get(path).Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", path, got)
		}
	}
	style := regexp.MustCompile(`/assets/style-[0-9a-f]+\.css`).FindString(h.as(t, "").get("/signin").Body)
	if got := h.as(t, "").get(style).Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("%s: Cache-Control is %q", style, got)
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

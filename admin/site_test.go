package admin

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterbox/database"
	"letterbox/directory"
	"letterbox/store"
	"letterbox/store/blob"
	"letterbox/telemetry"
)

// A house is a site over a real store and directory, with somebody of every
// role, served by HTTPS.
type house struct {
	*Site
	URL string
	t   testing.TB
}

// Whose addresses are who they are.
const (
	anAdmin   = "admin@home.example"
	aHelper   = "helper@home.example"
	anAuditor = "auditor@home.example"
	aUser     = "user@home.example"
)

// everyRole is who may come; "" is who is not signed in.
var everyRole = []string{"", aUser, aHelper, anAuditor, anAdmin}

// secretOf is somebody's password.
func secretOf(address string) string { return "correct horse of " + address }

// build makes a house, and lets change make another of it before it is served.
func build(t testing.TB, change ...func(*Site)) *house {
	t.Helper()
	h := &house{Site: open(t), t: t}
	for _, c := range change {
		c(h.Site)
	}
	server := httptest.NewTLSServer(h.Handler())
	t.Cleanup(server.Close)
	h.URL = server.URL
	return h
}

func open(t testing.TB) *Site {
	t.Helper()
	ctx, dir, log := context.Background(), t.TempDir(), slog.New(slog.DiscardHandler)
	db, err := database.Open(ctx, filepath.Join(dir, "letterbox.db"), database.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	blobs, err := blob.Open(filepath.Join(dir, "blobs"), blob.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, blobs.Close()) })
	d, err := directory.Open(ctx, directory.Options{DB: db, Cost: directory.Cost{Memory: 8, Passes: 1, Iterations: 4096}})
	must(t, err)
	s, err := store.Open(ctx, store.Options{
		DB: db, Blobs: blobs, Spool: filepath.Join(dir, "spool"), Search: filepath.Join(dir, "search"), Log: log, Undelete: time.Hour,
		Address: func(context.Context, store.AccountID) string { return "" },
	})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	site := &Site{
		Hostname: "mail.home.example", Version: "test", Log: log,
		Link:      func(path string) string { return "https://mail.home.example" + path },
		Directory: d, Store: s, Telemetry: telemetry.New(),
	}
	equip(t, site, dir, db, blobs)
	furnish(t, site)
	return site
}

// furnish adds a domain and somebody of every role.
func furnish(t testing.TB, s *Site) {
	t.Helper()
	_, err := s.Directory.AddDomain(t.Context(), "home.example")
	must(t, err)
	for address, role := range map[string]string{aUser: "", aHelper: "helper", anAuditor: "auditor", anAdmin: "admin"} {
		u, err := s.Directory.AddUser(t.Context(), address, "", secretOf(address))
		must(t, err)
		must(t, s.Directory.SetRole(t.Context(), address, role))
		must(t, s.Store.EnsureAccount(t.Context(), store.AccountID(u.ID)))
	}
}

// A browser keeps cookies and follows no redirect.
type browser struct {
	*http.Client
	house *house
	t     testing.TB
}

// A reply is an answer of the site, read.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

func (h *house) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the test server's
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t: t, house: h, Client: &http.Client{Jar: jar, Transport: transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as signs a new browser in; "" is nobody. Many browsers need not compute many
// passwords: the session is begun as signIn does it.
func (h *house) as(t testing.TB, address string) *browser {
	t.Helper()
	b := h.browser(t)
	if address == "" {
		return b
	}
	u, err := h.Directory.User(t.Context(), address)
	must(t, err)
	token, err := h.Directory.NewWebSession(t.Context(), u, netip.MustParseAddr("127.0.0.1"), "test")
	must(t, err)
	b.set(sessionCookie, token)
	return b
}

// set puts a cookie into the browser.
func (b *browser) set(name, value string) {
	u, err := url.Parse(b.house.URL)
	must(b.t, err)
	b.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

// cookie is one that the browser keeps, "" when it has none of the name.
func (b *browser) cookie(name string) string {
	u, err := url.Parse(b.house.URL)
	must(b.t, err)
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) get(path string) reply {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.house.URL+path, nil)
	must(b.t, err)
	return b.do(r)
}

// post sends a form as browsers do: name, value, name, value ...
func (b *browser) post(path string, fields ...string) reply {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.house.URL+path, strings.NewReader(form.Encode()))
	must(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

func (b *browser) do(r *http.Request) reply {
	b.t.Helper()
	response, err := b.Do(r)
	must(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(b.t, err)
	return reply{response.StatusCode, response.Header, string(body)}
}

// wants checks status and text of an answer; a text that begins with "!" may not
// be in it. In a redirect the text is looked for in Location.
func (b *browser) wants(r reply, status int, texts ...string) {
	b.t.Helper()
	in := r.Body + r.Header.Get("Location")
	if r.Status != status {
		b.t.Errorf("status %d, want %d: %s", r.Status, status, clip(in))
	}
	for _, text := range texts {
		unwanted, not := strings.CutPrefix(text, "!")
		switch {
		case not && strings.Contains(in, unwanted):
			b.t.Errorf("%q is in it: %s", unwanted, clip(in))
		case !not && !strings.Contains(in, text):
			b.t.Errorf("%q is missing: %s", text, clip(in))
		}
	}
}

func clip(s string) string {
	if _, main, found := strings.Cut(s, "<main"); found {
		s = main
	}
	return fmt.Sprintf("%.1500s", s)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

package admin

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/pquerna/otp/totp"
	"letterbox/archive"
	"letterbox/directory"
	"letterbox/discover"
	"letterbox/quota"
	"letterbox/store"
	"letterbox/trace"
)

// reachable lets the pages tell mail programs the way, and passkeys be made.
func reachable(t testing.TB) func(*Site) {
	return func(s *Site) {
		s.Reach = &discover.Settings{
			Hostname: s.Hostname, IMAPS: 993, Submissions: 465, Log: s.Log,
			Certificate: func() *tls.Certificate { return leaf(t) },
		}
		var err error
		s.Passkeys, err = s.Directory.Passkeys(s.Hostname, "https://"+s.Hostname)
		must(t, err)
	}
}

// leaf is one of a test server's.
func leaf(t testing.TB) *tls.Certificate {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	return &server.TLS.Certificates[0]
}

// userID is the account of aUser.
func (h *house) userID() int64 {
	h.t.Helper()
	u, err := h.Directory.User(h.t.Context(), aUser)
	must(h.t, err)
	return u.ID
}

// put appends messages to a mailbox of aUser's.
func (h *house) put(mailbox string, messages ...string) {
	h.t.Helper()
	box, err := h.Store.Mailbox(h.t.Context(), store.AccountID(h.userID()), mailbox)
	must(h.t, err)
	for _, m := range messages {
		_, err := h.Store.Append(h.t.Context(), store.Batch{Messages: []store.NewMessage{{Mailbox: box.ID, Raw: []byte(m)}}})
		must(h.t, err)
	}
}

func TestSelfPagesOpen(t *testing.T) {
	t.Parallel()
	h := build(t, reachable(t))
	h.put("INBOX", "Subject: Holiday\r\nFrom: Ann <ann@home.example>\r\n\r\nhello\r\n")
	b := h.as(t, aUser)
	for path, want := range map[string]string{
		"/me":                 "/me/devices",
		"/me/password":        "new-password",
		"/me/devices":         "no app password yet",
		"/me/factors":         "Know this before",
		"/me/factors/app":     "<svg class=\"qr\"",
		"/me/factors/codes":   "ten new codes",
		"/me/factors/passkey": "data-passkey=\"create\"",
		"/me/sessions":        "this one",
		"/me/storage":         "in one message.</p>",
		"/me/removed":         "Nothing can be brought back",
		"/me/addresses":       "user+shop@home.example",
		"/me/connect":         "Port 993, SSL/TLS",
		"/me/export":          "One message",
		"/me/farewell":        "Type " + aUser,
	} {
		b.wants(b.get(path), 200, want)
	}
	b.wants(b.get("/.well-known/change-password"), 303, "/me/password")
	// No code, key or secret of anybody stands in a page that a cache could keep.
	if cache := b.get("/me/factors/app").Header.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("Cache-Control is %q", cache)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	h := build(t)
	b, elsewhere := h.as(t, aUser), h.as(t, aUser)
	old, fresh := secretOf(aUser), "entirely new 5"
	for _, test := range []struct{ current, new, again, says string }{
		{old, "", "", "Type the new password"},
		{old, fresh, fresh + "x", "not the same"},
		{"wrong guess", fresh, fresh, "do not belong together"},
		{old, "short", "short", "at least 8 characters"},
		{old, aUser, aUser, "no part of your address"},
	} {
		answer := b.post("/me/password", "current", test.current, "new", test.new, "again", test.again)
		b.wants(answer, 422, test.says, "!"+`value="`+fresh)
	}
	b.wants(elsewhere.get("/me"), 200)
	b.wants(b.post("/me/password", "current", old, "new", fresh, "again", fresh), 303, "/me")
	b.wants(b.get("/me"), 200, "Your password was changed")
	b.wants(elsewhere.get("/me"), 303, "/signin")
	c := h.browser(t)
	c.wants(c.post("/signin", "user", aUser, "password", old), 422)
	c.wants(c.post("/signin", "user", aUser, "password", fresh), 303)
}

var secretPattern = regexp.MustCompile(`<code class="secret">([^<]+)</code>`)

func TestDevices(t *testing.T) {
	t.Parallel()
	h := build(t, reachable(t))
	b := h.as(t, aUser)
	b.wants(b.post("/me/devices", "name", "", "imap", "on"), 422, "Give it a name")
	b.wants(b.post("/me/devices", "name", "Phone"), 422, "Say what it opens", `value="Phone"`)
	answer := b.post("/me/devices", "name", "<b>Phone</b>", "imap", "on")
	b.wants(answer, 200, "only this once", "<svg class=\"qr\"", "!<b>Phone")
	secret := secretPattern.FindStringSubmatch(answer.Body)[1]
	user, err := h.Directory.Authenticate(t.Context(), directory.Peer{Protocol: "imap"}, aUser, secret)
	must(t, err)
	b.wants(b.get("/me/devices"), 200, "&lt;b&gt;Phone", "Reading mail", "!"+secret)

	// It opens no pages, and says why.
	b.wants(h.browser(t).post("/signin", "user", aUser, "password", secret), 422, "That is an app password")

	// Somebody else cannot revoke it.
	id := "1"
	other := h.as(t, anAdmin)
	other.wants(other.post("/me/devices/revoke", "id", id), 404)
	if _, err := h.Directory.Authenticate(t.Context(), directory.Peer{Protocol: "imap"}, aUser, secret); err != nil {
		t.Errorf("app password %d of %s: %v", user.AppPassword.ID, aUser, err)
	}
	b.wants(b.post("/me/devices/revoke", "id", "nonsense"), 404)
	b.wants(b.post("/me/devices/revoke", "id", id), 303, "/me/devices")
	b.wants(b.get("/me/devices"), 200, "It was revoked")
	if _, err := h.Directory.Authenticate(t.Context(), directory.Peer{Protocol: "imap"}, aUser, secret); err == nil {
		t.Error("it still opens")
	}
}

// A profile sets a device up with a password of its own.
func TestDeviceProfile(t *testing.T) {
	t.Parallel()
	h := build(t, reachable(t))
	b := h.as(t, aUser)
	answer := b.post("/me/devices", "name", "iPhone", "as", "profile")
	b.wants(answer, 200, aUser, "IncomingPassword")
	if kind := answer.Header.Get("Content-Type"); kind != "application/x-apple-aspen-config" {
		t.Errorf("sent as %s", kind)
	}
	b.wants(b.get("/me/devices"), 200, "iPhone", "Reading and sending mail")
}

// TestSecondFactorSignIn is the whole way: before, setting up, signing in with a
// code and with a recovery code, and back.
func TestSecondFactorSignIn(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aUser)
	b.wants(b.get("/me/factors"), 200, "Know this before", "You have no app password yet")
	page := b.get("/me/factors/app")
	secret := secretPattern.FindStringSubmatch(page.Body)[1]
	b.wants(b.post("/me/factors/app", "code", "000000"), 422, "That code is not right", secret)
	code := func(step int) string {
		text, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(step)*30*time.Second))
		must(t, err)
		return text
	}
	answer := b.post("/me/factors/app", "code", code(-1))
	b.wants(answer, 200, "Print these")
	recovery := regexp.MustCompile(`<li><code>([^<]+)</code>`).FindAllStringSubmatch(answer.Body, -1)
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	b.wants(b.get("/me/factors"), 200, "10 codes are left", "!Know this before")
	b.wants(b.get("/me/factors/app"), 303, "/me/factors")
	b.wants(b.get("/me/devices"), 200, "mail programs need these")

	c := h.browser(t)
	c.wants(c.get("/signin/code"), 303, "/signin")
	c.wants(c.post("/signin/code", "code", code(0)), 422)
	asked := c.post("/signin", "user", aUser, "password", secretOf(aUser), "to", "/me/addresses")
	c.wants(asked, 200, "One more step", `value="/me/addresses"`, "!"+secretOf(aUser))
	c.wants(c.get("/me"), 303, "/signin")
	ticket := regexp.MustCompile(`name="ticket" value="([^"]+)"`).FindStringSubmatch(asked.Body)[1]
	c.wants(c.post("/signin/code", "ticket", ticket, "code", "123"), 422, "That code is not right", ticket)
	c.wants(c.post("/signin/code", "ticket", ticket, "code", code(0), "to", "/me/addresses"), 303, "/me/addresses")
	c.wants(c.get("/me"), 200)

	// The password of who has a second factor is still what dangerous acts ask for.
	c.wants(c.post("/proof", "password", secretOf(aUser), "to", "/me/factors/remove"), 303, "/me/factors/remove")
	d := h.browser(t)
	ticket = regexp.MustCompile(`name="ticket" value="([^"]+)"`).
		FindStringSubmatch(d.post("/signin", "user", aUser, "password", secretOf(aUser)).Body)[1]
	d.wants(d.post("/signin/code", "ticket", ticket, "code", recovery[3][1], "to", "/me"), 303, "/me")
	d.wants(d.get("/me/factors"), 200, "9 codes are left")

	c.wants(c.get("/me/factors/remove"), 200, "This is the last one")
	c.wants(c.post("/me/factors/remove"), 303, "/me/factors")
	c.wants(c.get("/me/factors"), 200, "Know this before")
}

// Passkeys are shown in full by the browser test; here is what goes wrong.
func TestPasskeyRefused(t *testing.T) {
	t.Parallel()
	h := build(t, reachable(t))
	b := h.browser(t)
	b.wants(b.get("/signin"), 200, "Sign in with a passkey", "passkey-")
	b.wants(b.post("/signin/passkey/begin"), 200, `"ticket":"`, `"userVerification":"required"`)
	b.wants(b.post("/signin/passkey", "ticket", "none", "response", "{}"), 422, "That did not work")
	in := h.as(t, aUser)
	in.wants(in.post("/me/factors/passkey/begin"), 200, `"residentKey":"required"`)
	in.wants(in.post("/me/factors/passkey", "name", "", "ticket", "x"), 422, "Give it a name")
	in.wants(in.post("/me/factors/passkey", "name", "Phone", "ticket", "x", "response", "{}"), 422, "That did not work")

	without := build(t).browser(t)
	without.wants(without.get("/signin"), 200, "!passkey")
	without.wants(without.post("/signin/passkey/begin"), 404)
}

func TestSittings(t *testing.T) {
	t.Parallel()
	h := build(t)
	b, elsewhere := h.as(t, aUser), h.as(t, aUser)
	all, err := h.Directory.WebSessions(t.Context(), h.userID())
	must(t, err)
	b.wants(b.get("/me/sessions"), 200, "this one", "Sign out")
	ids := []string{}
	for _, m := range regexp.MustCompile(`name="id" value="(\d+)"`).FindAllStringSubmatch(b.get("/me/sessions").Body, -1) {
		ids = append(ids, m[1])
	}
	if len(all) != 2 || len(ids) != 1 {
		t.Fatalf("%d browsers, of which %v can be signed out", len(all), ids)
	}
	other := h.as(t, anAdmin)
	other.wants(other.post("/me/sessions", "id", ids[0]), 303)
	elsewhere.wants(elsewhere.get("/me"), 200)
	b.wants(b.post("/me/sessions", "id", ids[0]), 303, "/me/sessions")
	elsewhere.wants(elsewhere.get("/me"), 303, "/signin")
	b.wants(b.get("/me"), 200)
}

// TestWhereIsMyMail: everybody sees what became of their own mail and of no other.
func TestWhereIsMyMail(t *testing.T) {
	t.Parallel()
	journal, err := trace.Open(t.Context(), filepath.Join(t.TempDir(), "trace.db"), trace.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, journal.Close()) })
	h := build(t, func(s *Site) { s.Journal = journal })
	b, other := h.as(t, aUser), h.as(t, anAdmin)
	b.wants(b.get("/me/mail"), 200, "No message has come or gone yet")
	for _, e := range []trace.Event{
		{Trace: "one", Kind: trace.Received, Sender: "shop@example.com"},
		{Trace: "one", Kind: trace.Delivered, Account: h.userID(), Recipient: aUser, Folder: "INBOX"},
		{Trace: "two", Kind: trace.Refused, Account: h.userID(), Sender: "<b>@example.net", Recipient: aUser, Reply: "<script>alert(1)</script>"},
	} {
		journal.Record(e)
	}
	b.wants(b.get("/me/mail"), 200, "shop@example.com to "+aUser, "In Inbox", "Refused: &lt;script&gt;", "!<script>alert", "!<b>@")
	b.wants(b.get("/me/mail?q=Shop@example.com"), 200, "In Inbox", "!Refused")
	b.wants(b.get("/me/mail?q=nobody@example.com"), 200, "Nothing is known")
	other.wants(other.get("/me/mail"), 200, "No message has come or gone yet")
	other.wants(other.get("/me/mail?q=shop@example.com"), 200, "Nothing is known")
}

// What a stranger wrote into a header is text.
func TestHostileMessages(t *testing.T) {
	t.Parallel()
	h := build(t, reachable(t))
	h.put("INBOX", "Subject: <script>alert(1)</script>\r\nFrom: \"<img src=x onerror=alert(2)>\" <x@evil.example>\r\n\r\nhello\r\n")
	b := h.as(t, aUser)
	b.wants(b.get("/me/storage"), 200, "&lt;script&gt;alert(1)", "!<script>alert", "!<img")
}

func TestBringBack(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.put("INBOX", "Subject: one\r\n\r\n1\r\n", "Subject: two\r\n\r\n2\r\n")
	box, err := h.Store.Mailbox(t.Context(), store.AccountID(h.userID()), "INBOX")
	must(t, err)
	h.deleteAll(box.ID)
	b := h.as(t, aUser)
	page := b.get("/me/removed")
	b.wants(page, 200, "one", "two", "Bring the chosen back")
	ids := regexp.MustCompile(`name="id" value="(\d+)"`).FindAllStringSubmatch(page.Body, -1)
	b.wants(b.post("/me/removed"), 422, "Tick what is to come back")
	other := h.as(t, anAdmin)
	other.wants(other.post("/me/removed", "id", ids[0][1]), 303)
	other.wants(other.get("/me/removed"), 200, "Nothing was there")
	must(t, h.Store.SetLimit(t.Context(), store.AccountID(h.userID()), quota.Limit{Bytes: 1}))
	b.wants(b.post("/me/removed", "which", "all"), 422, "There is no room")
	must(t, h.Store.SetLimit(t.Context(), store.AccountID(h.userID()), quota.Limit{}))
	b.wants(b.post("/me/removed", "id", ids[0][1]), 303, "/me/removed")
	b.wants(b.get("/me/removed"), 200, "One message is back")
	b.wants(b.post("/me/removed", "which", "all"), 303)
	b.wants(b.get("/me/removed"), 200, "One message is back", "Nothing can be brought back")
}

// deleteAll deletes for good what is in a mailbox.
func (h *house) deleteAll(m store.MailboxID) {
	h.t.Helper()
	ctx := h.t.Context()
	_, err := h.Store.SetFlags(ctx, m, imap.UIDSet{{Start: 1}}, store.FlagChange{
		Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted},
	})
	must(h.t, err)
	_, _, err = h.Store.Expunge(ctx, m, nil)
	must(h.t, err)
}

// All mail comes back out of the zip, and nothing in it leads elsewhere.
func TestTakeaway(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx, account := context.Background(), store.AccountID(h.userID())
	for _, name := range []string{"Work/2026", "..", "a\\b:c"} {
		if _, err := h.Store.CreateMailbox(ctx, account, name, ""); err != nil {
			t.Fatal(err)
		}
		h.put(name, "Subject: in "+name+"\r\n\r\nFrom here on\r\n")
	}
	h.put("INBOX", "Subject: first\r\n\r\n1\r\n", "Subject: second\r\n\r\n2\r\n")
	b := h.as(t, aUser)
	answer := b.get("/me/export/mail.zip")
	b.wants(answer, 200)
	z, err := zip.NewReader(bytes.NewReader([]byte(answer.Body)), int64(len(answer.Body)))
	must(t, err)
	got := map[string]int{}
	for _, f := range z.File {
		if strings.HasPrefix(f.Name, "/") || slices.Contains(strings.Split(f.Name, "/"), "..") || strings.ContainsAny(f.Name, `\:`) {
			t.Errorf("a file is named %q", f.Name)
		}
		r, err := f.Open()
		must(t, err)
		data, err := io.ReadAll(r)
		must(t, err)
		for _, err := range archive.ReadMbox(bytes.NewReader(data), 1<<20) {
			must(t, err)
			got[f.Name]++
		}
	}
	for name, n := range map[string]int{"INBOX.mbox": 2, "Work/2026.mbox": 1, "_.mbox": 1, "a_b_c.mbox": 1} {
		if got[name] != n {
			t.Errorf("%s has %d messages, want %d; there are %v", name, got[name], n, got)
		}
	}
}

func TestFarewell(t *testing.T) {
	t.Parallel()
	h := build(t)
	b, elsewhere := h.as(t, aUser), h.as(t, aUser)
	b.wants(b.post("/me/farewell", "word", "user"), 422, "This is not "+aUser)
	b.wants(b.get("/me"), 200)
	b.wants(b.post("/me/farewell", "word", aUser), 200, "You are signed out")
	b.wants(b.get("/me"), 303, "/signin")
	elsewhere.wants(elsewhere.get("/me"), 303, "/signin")
	leavers, err := h.Directory.Leavers(t.Context())
	must(t, err)
	if len(leavers) != 1 || leavers[0].Address != aUser {
		t.Errorf("leavers are %+v", leavers)
	}
	only := h.as(t, anAdmin)
	only.wants(only.post("/me/farewell", "word", anAdmin), 422, "You are the only one")
	only.wants(only.get("/me"), 200)
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	h := build(t, reachable(t))
	token, _, err := h.Directory.Invite(t.Context(), aUser)
	must(t, err)
	path, fresh := directory.InvitationPath+token, "entirely new 5"
	b := h.browser(t)
	b.wants(b.get(directory.InvitationPath+"nonsense"), 410, "counts no more")
	b.wants(b.get(path), 200, aUser, "Choose the password")
	b.wants(b.post(path, "new", fresh, "again", "other"), 422, "not the same")
	b.wants(b.post(path, "new", "short", "again", "short"), 422, "at least 8 characters")
	b.wants(b.post(path, "new", fresh, "again", fresh), 303, "/me/connect")
	b.wants(b.get("/me"), 200, aUser)
	b.wants(b.get(path), 410)
	b.wants(b.post(path, "new", fresh, "again", fresh), 410)
}

// Who has a second factor does not lose it by an invitation.
func TestInvitationKeepsSecondFactor(t *testing.T) {
	t.Parallel()
	h := build(t)
	setup, err := h.Directory.BeginTOTP(t.Context(), aUser, "x")
	must(t, err)
	code, err := totp.GenerateCode(setup.Secret, time.Now())
	must(t, err)
	must(t, h.Directory.ConfirmTOTP(t.Context(), aUser, code))
	token, _, err := h.Directory.Invite(t.Context(), aUser)
	must(t, err)
	b := h.browser(t)
	b.wants(b.post(directory.InvitationPath+token, "new", "entirely new 5", "again", "entirely new 5"), 303, "/signin")
	b.wants(b.get("/me"), 303, "/signin")
}

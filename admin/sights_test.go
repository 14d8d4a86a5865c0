package admin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"letterbox/directory"
	"letterbox/junk"
	"letterbox/store"
	"letterbox/telemetry"
)

// A sight is a page with real things on it, and who looks.
type sight struct{ name, who, path string }

// A household is a house in which everything happened that pages can show.
type household struct {
	*house
	paths *strings.Replacer // what stands for the names in the patterns of routes
	codes string            // the secret of aHelper's second factor
}

// inhabit makes one.
func inhabit(t testing.TB) *household {
	t.Helper()
	h := &household{house: build(t, reachable(t), watched(t, 40), journal(t))}
	h.populate(t, 60)
	ctx, d := t.Context(), h.Directory
	must(t, d.AddAlias(ctx, "hello@home.example", aUser))
	must(t, d.SetDisabled(ctx, "person000@home.example", true))
	_, err := d.Leave(ctx, "person001@home.example", 24*time.Hour)
	must(t, err)
	team, err := d.AddTeam(ctx, "office@home.example", "The office")
	must(t, err)
	must(t, h.Store.EnsureAccount(ctx, store.AccountID(team.ID)))
	must(t, h.Store.SetMember(ctx, store.AccountID(team.ID), store.AccountID(h.userID()), store.FullRights))
	_, err = d.AddDisposable(ctx, h.userID(), "the shop")
	must(t, err)
	_, _, err = d.AddAppPassword(ctx, aUser, "Phone", directory.ScopeIMAP)
	must(t, err)
	setup, err := d.BeginTOTP(ctx, aHelper, h.Hostname)
	must(t, err)
	h.codes = setup.Secret
	must(t, d.ConfirmTOTP(ctx, aHelper, h.code(t, -1)))
	token, _, err := d.Invite(ctx, "person002@home.example")
	must(t, err)

	h.connect(aUser, "Thunderbird")
	h.journalise()
	h.Telemetry.Exposed("imap", aUser, somewhere)
	h.Telemetry.Exposed("imap", aHelper, somewhere)
	must(t, h.Watch.History.Dismiss(ctx, h.Telemetry.Habits().Findings()[0].ID(), time.Time{}, anAdmin))
	h.report("dmarc-1.xml")
	h.report("tls-1.json")
	must(t, h.Junk.SetRule(ctx, junk.Rule{Pattern: "pills.example", Junk: true}))
	must(t, h.Junk.SetRule(ctx, junk.Rule{Account: store.AccountID(h.userID()), Pattern: "ann@elsewhere.example"}))
	h.file(t, "INBOX", judgedWanted, hostile)
	h.file(t, "Junk", judgedJunk, hostile)
	h.deliver(t, aUser, "From: Ann <ann@elsewhere.example>\r\nSubject: The garden\r\n\r\nRoses.\r\n")
	h.put("Trash", "Subject: Old\r\n\r\nOld.\r\n")
	waits := h.send(t, aUser, "ann@elsewhere.example", "ben@elsewhere.example")
	asked := h.askForward(t, aUser, "ann@elsewhere.example")
	b := h.as(t, anAdmin)
	b.wants(b.post("/snapshots"), http.StatusSeeOther)
	b.wants(b.post("/settings/change/imap.max_connections", "value", "20"), http.StatusSeeOther)
	snapshot := aSnapshot.FindString(b.get("/snapshots").Body)
	box, err := h.Store.Mailbox(ctx, store.AccountID(h.userID()), "INBOX")
	must(t, err)
	expunge(t, h.Store, box.ID, 2)
	trash, err := h.Store.Mailbox(ctx, store.AccountID(h.userID()), "Trash")
	must(t, err)

	h.paths = strings.NewReplacer(
		"/people/{id}", fmt.Sprintf("/people/%d", h.userID()),
		"/people/{team}", fmt.Sprintf("/people/%d", team.ID),
		"/people/{leaving}", h.page(t, "person001@home.example"),
		"/mail/{id}", fmt.Sprintf("/mail/%d", waits),
		"/me/junk/{folder}/{uid}", fmt.Sprintf("/me/junk/%d/1", box.ID),
		"/me/storage/{folder}/empty", folderURL(trash, "empty"),
		"/me/storage/{folder}", folderURL(box),
		"/trace/{trace}", "/trace/one",
		"{domain}", "home.example",
		"{local}", "hello",
		"/forwarding/{token}", forwardPath+asked,
		"{token}", token,
		"/settings/change/{key}", "/settings/change/junk.threshold",
		"/settings/careful/{key}", "/settings/careful/mail.junk_days",
		"/snapshots/{place}/{id}/{address}/letter", snapshot+"/"+aUser+"/letter?folder=INBOX&uid=1",
		"/snapshots/{place}/{id}/{address}", snapshot+"/"+aUser,
		"/snapshots/{place}/{id}", snapshot,
	)
	return h
}

// connect lets somebody be signed in with a mail program.
func (h *household) connect(who, program string) {
	u, err := h.Directory.User(h.t.Context(), who)
	must(h.t, err)
	s := h.Telemetry.Open("imap", somewhere, func() {})
	s.SignedIn(u.ID, who, "PLAIN", telemetry.AppPassword{Name: program})
	s.Waits(telemetry.Idles)
}

// code is one of the helper's, so many half minutes from now.
func (h *household) code(t testing.TB, step int) string {
	t.Helper()
	code, err := totp.GenerateCode(h.codes, time.Now().Add(time.Duration(step)*30*time.Second))
	must(t, err)
	return code
}

// noPages are routes that show none of their own, and why.
var noPages = map[string]string{
	"/{$}":                         "leads on",
	"/.well-known/change-password": "leads on",
	"/signin/code":                 "leads to /signin; what it shows comes of the form there",
	"/setup":                       "there is an admin: TestSetup has it",
	"/setup/name":                  "there is an admin: TestSetup has it",
	"/setup/you":                   "there is an admin: TestSetup has it",
	"/overview/live":               "a stream",
	"/logs/live":                   "a stream",
	"/me/export/mail.zip":          "a file",
	"/snapshots/sheet":             "a file",
	"/domains/{domain}/zone":       "a file",
}

// more are pages that one route shows in another way.
var more = []sight{
	{"overview-year", anAdmin, "/overview?span=year"},
	{"me-junk-inbox", aUser, "/me/junk?in=inbox"},
	{"trace-three", anAuditor, "/trace/three"},
	{"search-found", anAdmin, "/search?q=a"},
	{"snapshot-folder", anAdmin, "/snapshots/{place}/{id}/{address}?folder=INBOX"},
	{"me-factors-on", aHelper, "/me/factors"},
	{"me-storage-folder-tried", aUser, "/me/storage/{folder}?days=30"},
	{"people-team", anAdmin, "/people/{team}"},
	{"people-leaving", anAdmin, "/people/{leaving}"},
	{"people-of-a-helper", aHelper, "/people"},
	{"people-of-an-auditor", anAuditor, "/people/{id}"},
}

// sights are all pages: each route that is no exception, and what is in more.
func (h *household) sights(t testing.TB) (list []sight) {
	t.Helper()
	for _, r := range routes() {
		pattern, isGet := strings.CutPrefix(r.pattern, "GET ")
		if !isGet || noPages[pattern] != "" {
			continue
		}
		who := anAdmin
		switch {
		case r.who&stranger != 0:
			who = ""
		case pattern == "/me/factors/remove" || pattern == "/me/factors/codes":
			who = aHelper // who has one
		case strings.HasPrefix(pattern, "/me"):
			who = aUser
		}
		name := strings.Trim(strings.NewReplacer("/", "-", "{", "", "}", "").Replace(pattern), "-")
		list = append(list, sight{name, who, pattern})
	}
	list = append(list, more...)
	for i := range list {
		s := &list[i]
		s.path = h.paths.Replace(s.path)
		if strings.Contains(s.path, "{") {
			t.Errorf("inhabit says nothing about what stands in %s", s.path)
			continue
		}
		answer := h.as(t, s.who).get(s.path)
		if answer.Status != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s shows %q no page: %d %s", s.path, s.who, answer.Status, answer.Header.Get("Location"))
		}
	}
	return list
}

package admin

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"letterbox/directory"
	"letterbox/quota"
	"letterbox/store"
)

// page is the address of somebody's page.
func (h *house) page(t testing.TB, address string, beneath ...string) string {
	t.Helper()
	u, err := h.Directory.User(t.Context(), address)
	must(t, err)
	return personURL(u, beneath...)
}

var secretShown = regexp.MustCompile(`id="secret">([^<]+)<`)

// shown is what a page shows once.
func shown(t testing.TB, r reply) string {
	t.Helper()
	m := secretShown.FindStringSubmatch(r.Body)
	if m == nil {
		t.Fatalf("nothing is handed over: %s", clip(r.Body))
	}
	return html.UnescapeString(m[1])
}

func TestAddPerson(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aHelper)
	b.wants(b.get("/people/new"), 200, "@home.example")

	// By a password that is made up.
	r := b.post("/people/new", "name", "Nora", "local", "nora", "domain", "home.example", "quota", "2,5", "way", "password")
	b.wants(r, 200, "It is shown only now")
	nora := h.browser(t)
	nora.wants(nora.post("/signin", "user", "nora@home.example", "password", shown(t, r)), 303)
	u, err := h.Directory.User(t.Context(), "nora@home.example")
	must(t, err)
	_, limit, err := h.Store.Usage(t.Context(), store.AccountID(u.ID))
	if err != nil || limit.Bytes != 2_500_000_000 {
		t.Errorf("limit %v, %v", limit, err)
	}

	// By a link.
	r = b.post("/people/new", "local", "otto", "domain", "home.example", "way", "invite")
	link := shown(t, r)
	if !strings.HasPrefix(link, "https://mail.home.example"+directory.InvitationPath) {
		t.Errorf("link %q", link)
	}
	if _, err := h.Directory.Invited(t.Context(), link[strings.LastIndex(link, "/")+1:]); err != nil {
		t.Error(err)
	}

	// What is wrong stands beside its field, and what was typed is kept.
	b.wants(b.post("/people/new", "local", "nora", "domain", "home.example", "name", "Kept"), 422, "taken already", `value="Kept"`)
	b.wants(b.post("/people/new", "local", "x", "domain", "elsewhere.example"), 422, "not served here")
	b.wants(b.post("/people/new", "local", "a b", "domain", "home.example"), 422, "no valid address")
	b.wants(b.post("/people/new", "local", "y", "domain", "home.example", "quota", "much"), 422, "number of gigabytes", `value="much"`)
}

func TestPeopleList(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.populate(t, 120)
	b := h.as(t, anAuditor)
	b.wants(b.get("/people"), 200, "124 people", "Page 1 of 3", "person046", "!person047", "!/people/new")
	b.wants(b.get("/people?page=3"), 200, "person119", "!person045")
	b.wants(b.get("/people?page=99"), 200, "Page 3 of 3")
	b.wants(b.get("/people?sort=-address"), 200, "user@home.example", "!person000", `aria-sort="descending"`)
	b.wants(b.get("/people?q=person00"), 200, "person009", "!person010", "!Page 1")
	b.wants(b.get("/people?q=nobody"), 200, "Nobody fits")
	b.wants(b.get("/people?sort=password&page=-1&q=%00"), 200)
}

func TestChangePerson(t *testing.T) {
	t.Parallel()
	h := build(t)
	b, page := h.as(t, aHelper), h.page(t, aUser)
	b.wants(b.get(page), 200, aUser, "Nobody has signed in")
	b.wants(b.post(page, "name", "Ursula", "quota", "3"), 303, page)
	b.wants(b.get(page), 200, "Ursula", `value="3"`, "Saved.")
	b.wants(b.get(page), 200, "!Saved.")
	b.wants(b.post(page, "name", "Bad\x01", "quota", "3"), 422, "control characters")
	b.wants(b.post(page, "quota", "-1"), 422, "number of gigabytes")

	b.wants(b.post(page+"/addresses", "address", "ulla@home.example"), 303)
	b.wants(b.get(page), 200, "ulla@home.example")
	b.wants(b.post(page+"/addresses", "address", "ulla@home.example"), 422, "taken already", `value="Ursula"`)
	b.wants(b.post(page+"/addresses/remove", "address", "ulla@home.example"), 303)
	b.wants(b.get(page), 200, "!ulla@home.example")

	b.wants(b.post(page+"/disabled", "disabled", "yes"), 303)
	b.wants(b.get(page), 200, "Switched off")
	b.wants(b.post(page+"/disabled", "disabled", "no"), 303)

	u := h.as(t, aUser)
	u.wants(u.get("/me"), 200)
	b.wants(b.post(page+"/sessions/end"), 303)
	b.wants(b.get(page), 200, "One session was ended")
	u.wants(u.get("/me"), 303, "/signin")

	r := b.post(page+"/password", "way", "password")
	b.wants(r, 200)
	u.wants(u.post("/signin", "user", aUser, "password", secretOf(aUser)), 422)
	u.wants(u.post("/signin", "user", aUser, "password", shown(t, r)), 303)
	b.wants(b.post(page+"/password", "way", "link"), 200, directory.InvitationPath)
}

func TestRemovePerson(t *testing.T) {
	t.Parallel()
	h := build(t)
	b, page := h.as(t, anAdmin), h.page(t, aUser)
	b.wants(b.get(page+"/remove"), 200, "0 messages", "Type "+aUser)
	b.wants(b.post(page+"/remove", "word", "something"), 422, "This is not "+aUser)
	b.wants(b.post(page+"/remove", "word", aUser), 303, page)
	b.wants(b.get(page), 200, "Will be removed after")
	u := h.browser(t)
	u.wants(u.post("/signin", "user", aUser, "password", secretOf(aUser)), 422, "switched off")
	b.wants(b.post(page+"/keep"), 303)
	u.wants(u.post("/signin", "user", aUser, "password", secretOf(aUser)), 303)
	b.wants(b.post(page+"/keep"), 404)
}

// Nobody locks themselves out, so that somebody is left.
func TestNotOneself(t *testing.T) {
	t.Parallel()
	h := build(t)
	b, page := h.as(t, anAdmin), h.page(t, anAdmin)
	b.wants(b.post(page+"/disabled", "disabled", "yes"), 409, "Not yourself")
	b.wants(b.post(page+"/remove", "word", anAdmin), 409)
	b.wants(b.post(page+"/role", "role", ""), 409)
}

// TestHelperIsLimited tries everything that a helper may do to people on somebody
// who has a role: the way to become an admin.
func TestHelperIsLimited(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aHelper)
	tried := 0
	for _, who := range []string{anAdmin, anAuditor, aHelper} {
		for _, r := range routes() {
			after, ok := strings.CutPrefix(r.pattern, "POST /people/{id}")
			if !ok {
				continue
			}
			tried++
			b.wants(b.post(h.page(t, who)+after, "word", who, "role", "admin", "disabled", "yes", "way", "password"), 403)
		}
	}
	if tried < 20 {
		t.Errorf("only %d acts were tried", tried)
	}
	b.wants(b.post(h.page(t, aUser, "role"), "role", "admin"), 403)
}

func TestRoles(t *testing.T) {
	t.Parallel()
	h := build(t)
	b, u := h.as(t, anAdmin), h.as(t, aUser)
	b.wants(b.post(h.page(t, aUser, "role"), "role", "emperor"), 404)
	b.wants(b.post(h.page(t, aUser, "role"), "role", "auditor"), 303)
	u.wants(u.get("/me"), 303, "/signin") // the old session does not live on
	u = h.as(t, aUser)
	u.wants(u.get("/overview"), 200)
}

func TestTeams(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aHelper)
	b.wants(b.get("/people/teams"), 200, "There is no team yet")
	b.wants(b.post("/people/teams/new", "local", "info", "domain", "home.example", "name", "Office"), 303)
	page := h.page(t, "info@home.example")
	b.wants(b.get(page), 200, "Nobody reads")
	b.wants(b.post(page+"/members", "member", aUser, "rights", "write"), 303)
	b.wants(b.get(page), 200, aUser, "Read, change, and send from its address", "One person shares")
	u := h.as(t, aUser)
	u.wants(u.get("/me/addresses"), 200, "info@home.example", "you may send from it")
	b.wants(b.post(page+"/members", "member", aUser, "rights", "read"), 303)
	u.wants(u.get("/me/addresses"), 200, "!info@home.example")
	b.wants(b.get("/people/teams"), 200, "Office")
	b.wants(b.post(page+"/members", "member", "nobody@home.example", "rights", "read"), 422, "Nobody here", `value="Office"`)
	b.wants(b.post(page+"/members", "member", aUser, "rights", "everything"), 404)
	b.wants(b.post(page+"/members", "member", aUser, "rights", "none"), 303)
	b.wants(b.get(page), 200, "Nobody reads")
	b.wants(b.post(page+"/password", "way", "password"), 404) // nobody signs in as a team
}

// Every act is in the audit log, under the name of who did it.
func TestAudit(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, aHelper)
	b.post(h.page(t, aUser), "name", "Ursula", "quota", "1")
	b.post(h.page(t, aUser, "disabled"), "disabled", "yes")
	a := h.as(t, anAuditor)
	a.wants(a.get("/settings/audit?q="+aHelper), 200, "Name changed", "Quota changed", "Switched off", "127.0.0.1", "1 GB")
	a.wants(a.get("/settings/audit?what=signins"), 200, "Nothing of this kind")
}

func TestSettingsAndSearch(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAdmin)
	b.wants(b.get("/settings"), 200, "One setting differs", "imap.max_connections")
	b.wants(b.get("/settings?changed=yes"), 200, "hostname", "!imap.max_connections")
	must(t, h.Directory.AddAlias(t.Context(), "ulla@home.example", aUser))
	b.wants(b.get("/search?q=ulla"), 200, "ulla@home.example", personPath(t, h, aUser))
	b.wants(b.get("/search?q=max_conn"), 200, "/settings#imap.max_connections")
	b.wants(b.get("/search?q=audit"), 200, "/settings/audit")
	for what, path := range map[string]string{
		"where+did": "/trace", "home.example": "/domains/home.example/reports", "storage": "/storage", "how+long+mess": "/me/storage",
		"log": "/logs", "addresses+of": "/domains/home.example/addresses", "one+purpose": "/me/addresses", "junk": "/junk", "your+mail": "/me/junk", "speed": "/performance",
	} {
		b.wants(b.get("/search?q="+what), 200, `href="`+path+`"`)
	}
	b.wants(b.get("/search?q=user&part=results"), 200, aUser, "!<html")
	helping := h.as(t, aHelper)
	helping.wants(helping.get("/search?q=max_conn"), 200, "!/settings#", "Nothing here is called")
}

func personPath(t testing.TB, h *house, address string) string { return h.page(t, address) }

// BenchmarkPeople is the list with 500 people, whole: connection, session, page.
func BenchmarkPeople(b *testing.B) {
	h := build(b)
	h.populate(b, 500)
	browser := h.as(b, anAdmin)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if r := browser.get("/people?sort=-kept"); r.Status != 200 {
			b.Fatal(r.Status)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

func TestGigabytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"": 0, "0": quota.Unlimited, "5": 5e9, "2.5": 25e8, "0,1": 1e8, "0.0000000001": 1} {
		if got, ok := parseGigabytes(text); !ok || got != want {
			t.Errorf("%q: %d, %t", text, got, ok)
		}
	}
	for _, text := range []string{"-1", "x", "NaN", "Inf", "1e99", "5 GB"} {
		if got, ok := parseGigabytes(text); ok {
			t.Errorf("%q: %d", text, got)
		}
	}
	for _, limit := range []int64{0, quota.Unlimited, 5e9, 123_456_789} {
		if got, ok := parseGigabytes(gigabytes(limit)); !ok || got != limit {
			t.Errorf("%d comes back as %d from %q", limit, got, fmt.Sprint(gigabytes(limit)))
		}
	}
}

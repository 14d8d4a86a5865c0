package admin

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"letterbox/phrase"
	"letterbox/quota"
	"letterbox/store"
)

// folderID is that of a folder of aUser's.
func (h *house) folderID(name string) string {
	h.t.Helper()
	box, err := h.Store.Mailbox(h.t.Context(), store.AccountID(h.userID()), name)
	must(h.t, err)
	return strconv.FormatInt(int64(box.ID), 10)
}

// grow gives aUser a message of about 100 bytes on each of the last days.
func (h *house) grow(days int) {
	h.t.Helper()
	for day := range days {
		h.put("INBOX", fmt.Sprintf("Subject: %3d\r\n\r\n%s\r\n", day, strings.Repeat("x", 82)))
		must(h.t, h.Store.RecordUsage(h.t.Context(), time.Now().AddDate(0, 0, day+1-days)))
	}
}

// TestForecastOnPages: what fills a mailbox, and the disk, is full on a day that is
// said; nothing is said before a week is known.
func TestForecastOnPages(t *testing.T) {
	t.Parallel()
	h := build(t)
	person := fmt.Sprintf("/people/%d/storage", h.userID())
	owner, boss := h.as(t, aUser), h.as(t, anAdmin)
	h.grow(6)
	owner.wants(owner.get("/me/storage"), 200, "How fast it grows is known after a week.")
	boss.wants(boss.get("/storage"), 200, "The disk: How fast it grows is known after a week.", "not known yet")
	h.grow(20)
	owner.wants(owner.get("/me/storage"), 200, "It grows by 3\u00a0kB a month.")
	must(t, h.Store.SetLimit(t.Context(), store.AccountID(h.userID()), quota.Limit{Bytes: 3600}))
	for _, reply := range []reply{owner.get("/me/storage"), boss.get(person)} {
		owner.wants(reply, 200, "It grows by 3\u00a0kB a month and is full on ", " at this rate.")
	}
	boss.wants(boss.get(person), 200, "In a month", "+1.9\u00a0kB")
	boss.wants(boss.get("/storage?sort=-grown"), 200, "a month and is full on ", "+1.9\u00a0kB", `aria-sort="descending"`)
}

// TestOutlookText: every kind of forecast has its sentence, in every language.
func TestOutlookText(t *testing.T) {
	t.Parallel()
	day := func(n int64) time.Time { return time.Unix(n*86400, 0) }
	for _, l := range phrase.Known() {
		seen := map[string]bool{}
		for _, o := range []outlook{
			{},
			{known: true},
			{quota.Forecast{PerDay: -5, Soonest: day(9000)}, true},
			{quota.Forecast{PerDay: 1000}, true},
			{quota.Forecast{PerDay: 1000, Soonest: day(9000)}, true},
			{quota.Forecast{PerDay: 1000, Soonest: day(9000), Full: day(9000), Latest: day(9000)}, true},
			{quota.Forecast{PerDay: 1000, Soonest: day(9000), Full: day(9100), Latest: day(9900)}, true},
			{quota.Forecast{PerDay: 1000, Soonest: day(9000), Full: day(9100)}, true},
		} {
			text := o.text(l)
			if seen[text] || strings.Contains(text, "%!") || !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q", l.Tag(), text)
			}
			seen[text] = true
		}
	}
}

// TestRetentionOfFolder: a rule is shown with what it would do before it is kept.
func TestRetentionOfFolder(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.put("Archive", "Subject: old\r\n\r\nhello\r\n", "Subject: older\r\n\r\nhello\r\n")
	trash, archive := "/me/storage/"+h.folderID("Trash"), "/me/storage/"+h.folderID("Archive")
	b := h.as(t, aUser)
	b.wants(b.get("/me/storage"), 200, "30 days", "always", archive)
	b.wants(b.get(trash), 200, "Messages go after 30 days in it.", "as usual here: 30 days", "for 14 days", "!Keep this rule")
	b.wants(b.get(archive), 200, "Nothing goes from it by itself.", "as usual here: always")
	b.wants(b.get(archive+"?days=90"), 200, "Messages go after 90 days in it, the first on ", "What is flagged stays.", "Keep this rule")
	for _, wrong := range []string{"0", "-1", "36501", "soon"} {
		b.wants(b.get(archive+"?days="+wrong), 404)
		b.wants(b.post(archive, "days", wrong), 404)
	}
	rules := func() (days int, own bool) {
		t.Helper()
		all, err := h.Store.Retentions(t.Context(), store.AccountID(h.userID()), nil, time.Now())
		must(t, err)
		for _, r := range all {
			if r.Mailbox.Name == "Archive" {
				return r.Days, r.Own
			}
		}
		return -1, false
	}
	if days, own := rules(); days != 0 || own {
		t.Errorf("looking at it set it: %d, %t", days, own)
	}
	b.wants(b.post(archive, "days", "45"), 303, archive)
	b.wants(b.get(archive), 200, "after 45 days", `<option value="45" selected>`)
	b.wants(b.post(archive, "days", "never"), 303)
	if days, own := rules(); days != 0 || !own {
		t.Errorf("never: %d, %t", days, own)
	}
	b.wants(b.post(archive, "days", "default"), 303)
	if _, own := rules(); own {
		t.Error("the default is a word of the owner's")
	}
	other := h.as(t, anAdmin)
	other.wants(other.get(archive), 404)
	other.wants(other.post(archive, "days", "1"), 404)
}

// TestEmptyingFolder: asked for before, of Junk and Trash alone, and it takes what
// was seen and no more.
func TestEmptyingFolder(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.put("Trash", "Subject: one\r\n\r\nx\r\n", "Subject: two\r\n\r\nx\r\n")
	h.put("Archive", "Subject: kept\r\n\r\nx\r\n")
	trash, archive := "/me/storage/"+h.folderID("Trash"), "/me/storage/"+h.folderID("Archive")
	b := h.as(t, aUser)
	b.wants(b.get("/me/storage"), 200, trash+"/empty", "!"+archive+"/empty")
	b.wants(b.get(trash+"/empty"), 200, "2 messages go", "brought back for 14 days", `name="next" value="3"`)
	h.put("Trash", "Subject: late\r\n\r\nx\r\n")
	b.wants(b.get(archive+"/empty"), 404)
	b.wants(b.post(archive+"/empty", "next", "9"), 404)
	b.wants(b.post(trash+"/empty", "next", ""), 404)
	other := h.as(t, anAdmin)
	other.wants(other.post(trash+"/empty", "next", "9"), 404)
	b.wants(b.post(trash+"/empty", "next", "3"), 303, "/me/storage")
	b.wants(b.get("/me/storage"), 200, "2 messages are gone.")
	b.wants(b.get(trash), 200, "One message is in it")
	b.wants(b.get("/me/removed"), 200, "one", "two", "!late")
}

// TestLimitOfFolderOnPages: set by who looks after people, seen by its owner.
func TestLimitOfFolderOnPages(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.put("Archive", "Subject: one\r\n\r\nx\r\n")
	person := fmt.Sprintf("/people/%d/storage", h.userID())
	helper, owner := h.as(t, aHelper), h.as(t, aUser)
	helper.wants(helper.get(person), 200, "Limit a folder", "!>Trash</option>")
	helper.wants(helper.post(person, "folder", h.folderID("Archive"), "size", "much", "most", "1"), 422, "number", `value="much"`)
	helper.wants(helper.post(person, "folder", h.folderID("Archive"), "size", "", "most", "-1"), 422, "such as 5000")
	helper.wants(helper.post(person, "folder", h.folderID("Trash"), "size", "1", "most", ""), 422, "Junk and Trash have no limit")
	helper.wants(helper.post(person, "folder", "0", "size", "1", "most", ""), 404)
	helper.wants(helper.post(person, "folder", h.folderID("Archive"), "size", "0,5", "most", "7"), 303, person)
	box, err := h.Store.Mailbox(t.Context(), store.AccountID(h.userID()), "Archive")
	if must(t, err); box.Limit != (quota.Limit{Bytes: 5e8, Messages: 7}) {
		t.Errorf("the limit is %v", box.Limit)
	}
	owner.wants(owner.get("/me/storage"), 200, "of 500\u00a0MB", "at most 7 messages")
	helper.wants(helper.post(person, "folder", h.folderID("Archive"), "size", "", "most", ""), 303)
	owner.wants(owner.get("/me/storage"), 200, "!at most")
	auditor := h.as(t, anAuditor)
	auditor.wants(auditor.get(person), 200, "!Limit a folder")
}

// TestWeights: its owner sees who wrote what fills a mailbox, others do not.
func TestWeights(t *testing.T) {
	t.Parallel()
	h := build(t)
	attached := "From: Carl <carl@away.example>\r\nSubject: %d\r\nContent-Type: application/pdf\r\n" +
		"Content-Disposition: attachment; filename=secret-plan.pdf\r\n\r\n" + strings.Repeat("y", 500) + "\r\n"
	h.put("INBOX", fmt.Sprintf(attached, 1), fmt.Sprintf(attached, 2))
	owner, boss := h.as(t, aUser), h.as(t, anAdmin)
	owner.wants(owner.get("/me/storage/weights"), 200, "carl@away.example", "application/pdf", "One attachment is there a second time")
	boss.wants(boss.get(fmt.Sprintf("/people/%d/storage/weights", h.userID())), 200,
		"application/pdf", "One attachment is there a second time", "!carl@away.example", "!secret-plan")
}

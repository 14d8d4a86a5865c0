package admin

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/backup"
	"letterbox/delivery"
	"letterbox/phrase"
	"letterbox/store"
)

// hostile is a message that would like to be more than text.
const hostile = "From: \"<script>alert(1)</script>\" <eve@elsewhere.example>\r\nTo: <b>user</b> <user@home.example>\r\n" +
	"Subject: <img src=x onerror=alert(1)>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
	"<p>Hello <b>there</b></p><script>alert(1)</script>&lt;script&gt;alert(2)&lt;/script&gt;\r\n"

// deliver puts a message into somebody's inbox.
func (h *house) deliver(t testing.TB, to, raw string) {
	t.Helper()
	recipients, err := h.Directory.Resolve(t.Context(), to)
	must(t, err)
	e := delivery.Envelope{ID: "test", Sender: "eve@elsewhere.example", Protocol: "ESMTP", Received: time.Now()}
	must(t, h.Queue.Accept(t.Context(), e, []byte(raw), recipients, nil))
}

var aSnapshot = regexp.MustCompile(`/snapshots/0/\d{8}T\d{6}Z`)

// TestSheet is a file to keep, in the reader's language.
func TestSheet(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAuditor)
	b.wants(b.get("/snapshots"), http.StatusOK, `href="/snapshots/sheet"`)
	answer := b.get("/snapshots/sheet")
	b.wants(answer, http.StatusOK, "<h1>")
	if got := answer.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment;") {
		t.Errorf("it is shown as a page of the site: %q", got)
	}
}

// TestSnapshots takes one, loses a message, finds it and brings it back.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.as(t, anAdmin)
	b.wants(b.get("/snapshots"), http.StatusOK, "No snapshot has been proven", "There is none here yet")
	h.deliver(t, aUser, hostile)
	h.deliver(t, aUser, "From: Ann <ann@elsewhere.example>\r\nSubject: The garden\r\n\r\nRoses.\r\n")
	b.wants(b.post("/snapshots"), http.StatusSeeOther, "/snapshots")
	list := b.get("/snapshots")
	b.wants(list, http.StatusOK, "proven to be restorable: just now", "proven: it was restored as a trial")
	path := aSnapshot.FindString(list.Body)
	if path == "" {
		t.Fatalf("no snapshot in %s", clip(list.Body))
	}
	b.wants(b.get(path), http.StatusOK, "4 mailboxes", "user@home.example")
	account := path + "/user@home.example"
	b.wants(b.get(account), http.StatusOK, "INBOX", "2 messages", "written down")
	folder := b.get(account + "?folder=INBOX")
	b.wants(folder, http.StatusOK, "The garden", "!<script>alert", "!<img src=x", "&lt;img src=x")
	b.wants(b.get(account+"?q=garden"), http.StatusOK, "1 message found", "The garden", "!&lt;img")
	letter := b.get(account + "/letter?folder=INBOX&uid=1")
	b.wants(letter, http.StatusOK, "Hello there", "!<script>alert", "!<img src=x", "!<b>user")
	b.wants(b.get(account+"/letter?folder=INBOX&uid=99"), http.StatusNotFound)
	b.wants(b.get(account+"?folder=None"), http.StatusNotFound)
	b.wants(b.get("/snapshots/0/20200101T000000Z"), http.StatusNotFound)
	b.wants(b.get("/snapshots/7/20200101T000000Z"), http.StatusNotFound)

	b.wants(b.get(account+"/restore?"), http.StatusOK, "Nothing is missing: all 2 messages", "!<table")
	b.wants(b.get(account+"/restore?folder=Sent"), http.StatusOK, "the snapshot has no messages here", "!<table")
	u, err := h.Directory.User(t.Context(), aUser)
	must(t, err)
	box, err := h.Store.Mailbox(t.Context(), store.AccountID(u.ID), "INBOX")
	must(t, err)
	expunge(t, h.Store, box.ID, 2)
	b.wants(b.get(account+"/restore?folder=INBOX"), http.StatusOK, "1 message is missing today", "Bring back 1 message")
	b.wants(b.post(account+"/restore?folder=INBOX"), http.StatusSeeOther, "/snapshots/0/")
	b.wants(b.get(account+"/restore?folder=INBOX"), http.StatusOK, "Nothing is missing", "!<table")
	b.wants(b.get(account+"/restore?folder=INBOX&uid=1&beside=1"), http.StatusOK, "folder of its own", "Restored/")

	events, err := h.Directory.Audit(t.Context(), time.Time{}, 1000)
	must(t, err)
	seen := map[string]int{}
	for _, e := range events {
		if strings.HasPrefix(e.Action, "snapshot.") && e.Actor == anAdmin && e.Subject == aUser {
			seen[e.Action]++
		}
	}
	if seen["snapshot.read"] == 0 || seen["snapshot.restore"] != 1 {
		t.Errorf("acts that were written down: %v", seen)
	}
}

// TestRestoreLead: what cannot be brought back is not said to be there.
func TestRestoreLead(t *testing.T) {
	t.Parallel()
	there := backup.Returned{Folder: "INBOX", Present: 7}
	p := &page{Language: phrase.In("en")}
	for want, returned := range map[string][]backup.Returned{
		"all 7 messages are there": {there},
		"no messages here":         nil,
		"only folders":             {there, {Folder: "Plans", Made: true}},
		"2 messages are missing today, and cannot be read": {there, {Folder: "Plans", Lost: []string{"3", "4"}}},
		"3 messages are missing today and would come back": {there, {Folder: "Plans", Messages: 3, Lost: []string{"3"}}},
	} {
		r := &restoreView{Returned: returned}
		if got := r.lead(p); !strings.Contains(got, want) {
			t.Errorf("%+v: %q, want %q", returned, got, want)
		}
		for _, one := range r.Changes() {
			if one.Folder == there.Folder {
				t.Errorf("a folder of which nothing is missing is shown: %+v", returned)
			}
		}
	}
}

func expunge(t testing.TB, s *store.Store, box store.MailboxID, uid imap.UID) {
	t.Helper()
	_, err := s.SetFlags(t.Context(), box, imap.UIDSetNum(uid), store.FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	must(t, err)
	_, _, err = s.Expunge(t.Context(), box, imap.UIDSetNum(uid))
	must(t, err)
}

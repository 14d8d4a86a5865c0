package store

import (
	"errors"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/quota"
	"letterbox/store/blob"
)

func (h *house) names(a AccountID) (names []string) {
	h.t.Helper()
	list, _, err := h.Mailboxes(h.t.Context(), a)
	must(h.t, err)
	for _, m := range list {
		names = append(names, m.Name)
	}
	return names
}

func TestCreateMailbox(t *testing.T) {
	t.Parallel()
	h := build(t)
	made, err := h.CreateMailbox(t.Context(), alice, "inbox/a/Cafe\u0301/", "")
	must(t, err)
	if made.Name != "INBOX/a/Café" || made.ID == 0 || made.UIDNext != 1 || made.ModSeq == 0 {
		t.Errorf("%+v", made)
	}
	if !h.row(alice, "INBOX/a").HasChildren || h.row(alice, "INBOX/a/Café").HasChildren || h.row(alice, "Sent").HasChildren {
		t.Error("children")
	}
	for _, name := range []string{"INBOX", "INBOX/a/Café", "INBOX/A"} {
		_, err := h.CreateMailbox(t.Context(), alice, name, "")
		if (name == "INBOX/A") != (err == nil) || err != nil && !errors.Is(err, ErrExists) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := h.CreateMailbox(t.Context(), alice, "Gesendet", imap.MailboxAttrSent); !errors.Is(err, ErrSpecialUse) {
		t.Errorf("two for sent mail: %v", err)
	}
	must(t, h.DeleteMailbox(t.Context(), alice, "Sent"))
	sent, err := h.CreateMailbox(t.Context(), alice, "Gesendet", imap.MailboxAttrSent)
	must(t, err)
	if sent.SpecialUse != imap.MailboxAttrSent {
		t.Errorf("%+v", sent)
	}
	if _, err := h.CreateMailbox(t.Context(), 99, "x", ""); !errors.Is(err, ErrNoAccount) {
		t.Errorf("no account: %v", err)
	}
}

func TestUIDValidityNeverRepeats(t *testing.T) {
	t.Parallel()
	h := build(t)
	seen := map[uint32]bool{}
	for range 5 {
		made, err := h.CreateMailbox(t.Context(), alice, "again", "")
		must(t, err)
		if seen[made.UIDValidity] {
			t.Error("repeated")
		}
		seen[made.UIDValidity] = true
		must(t, h.DeleteMailbox(t.Context(), alice, "again"))
	}
}

func TestRenameMailbox(t *testing.T) {
	t.Parallel()
	h := build(t)
	for _, name := range []string{"a/b/c", "ab", "other"} {
		_, err := h.CreateMailbox(t.Context(), alice, name, "")
		must(t, err)
	}
	must(t, h.Subscribe(t.Context(), alice, "a/b"))
	before := h.row(alice, "a/b/c")
	must(t, h.RenameMailbox(t.Context(), alice, "a", "x/y"))
	want := []string{"INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash", "ab", "other", "x", "x/y", "x/y/b", "x/y/b/c"}
	if got := h.names(alice); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if after := h.row(alice, "x/y/b/c"); after.ID != before.ID || after.UIDValidity != before.UIDValidity {
		t.Errorf("%+v became %+v", before, after)
	}
	if _, dangling, _ := h.Mailboxes(t.Context(), alice); !slices.Equal(dangling, []string{"a/b"}) {
		t.Errorf("dangling subscriptions %q", dangling)
	}
	for _, c := range []struct {
		from, to string
		want     error
	}{
		{"x", "x/y/z", ErrBadName},
		{"x", "other", ErrExists},
		{"x", "x", ErrExists},
		{"other", "inbox", ErrExists},
		{"nowhere", "n", ErrNotFound},
		{"other", "a*", ErrBadName},
	} {
		if err := h.RenameMailbox(t.Context(), alice, c.from, c.to); !errors.Is(err, c.want) {
			t.Errorf("%q to %q: %v", c.from, c.to, err)
		}
	}
}

func TestRenameShowsInViews(t *testing.T) {
	t.Parallel()
	h := build(t)
	v := h.view(h.box("Sent"))
	must(t, h.RenameMailbox(t.Context(), alice, "Sent", "Gone"))
	if name := v.Mailbox().Name; name != "Gone" {
		t.Errorf("still %q", name)
	}
}

func TestDeleteMailboxClearsBehind(t *testing.T) {
	t.Parallel()
	h := build(t)
	_, err := h.CreateMailbox(t.Context(), alice, "big/small", "")
	must(t, err)
	if err := h.DeleteMailbox(t.Context(), alice, "big"); !errors.Is(err, ErrHasChildren) {
		t.Errorf("with children: %v", err)
	}
	for _, name := range []string{"inbox", "INBOX/"} {
		if err := h.DeleteMailbox(t.Context(), alice, name); !errors.Is(err, ErrInbox) {
			t.Errorf("%q: %v", name, err)
		}
	}
	m := h.box("big/small")
	h.fill(m, 20, "$Work")
	copied, err := h.Copy(t.Context(), m, span(1, 5), h.box("Archive"))
	must(t, err)
	v := h.view(m)
	must(t, h.DeleteMailbox(t.Context(), alice, "big/small"))
	if !v.Snapshot().Gone {
		t.Error("the view does not know")
	}
	if _, err := h.Mailbox(t.Context(), alice, "big/small"); !errors.Is(err, ErrNotFound) {
		t.Errorf("still there: %v", err)
	}
	if _, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: m, Raw: letter(1)}}}); !errors.Is(err, ErrNotFound) {
		t.Errorf("appended to a deleted mailbox: %v", err)
	}
	if u, _, err := h.Usage(t.Context(), alice); u.Messages != int64(len(copied.Dest))*5 || err != nil {
		t.Errorf("usage %+v (%v)", u, err)
	}
	must(t, h.clean(t.Context()))
	for table, want := range map[string]int64{"entry": 5, "message": 5, "keyword": 1, "copies": 0, "dropped": 0} {
		if n := h.count(`SELECT count(*) FROM ` + table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
	if n := h.count(`SELECT count(*) FROM mailbox WHERE account IS NULL`); n != 0 {
		t.Errorf("%d deleted mailboxes left", n)
	}
}

// What a crash left to be cleared away is taken up by the next start.
func TestOpenResumesClearing(t *testing.T) {
	t.Parallel()
	h := start(t, t.TempDir(), blob.Options{})
	h.cleaner.stop() // as a crash would
	must(t, h.EnsureAccount(t.Context(), alice))
	h.fill(h.box("Archive"), 10)
	must(t, h.DeleteMailbox(t.Context(), alice, "Archive"))
	must(t, h.stop())
	h = start(t, h.dir, blob.Options{})
	defer h.stop()
	if len(h.cleaner.woken) == 0 && h.count(`SELECT count(*) FROM entry`) > 0 {
		t.Error("the cleaner sleeps")
	}
	must(t, h.clean(t.Context()))
	if n := h.count(`SELECT count(*) FROM entry`) + h.count(`SELECT count(*) FROM message`); n != 0 {
		t.Errorf("%d rows left", n)
	}
}

func TestRemoveAccount(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.fill(h.box("INBOX"), 10)
	h.fill(h.boxOf(bob, "INBOX"), 4)
	must(t, h.RemoveAccount(t.Context(), alice))
	if names := h.names(alice); len(names) != 0 {
		t.Errorf("%q left", names)
	}
	if u, _, err := h.Usage(t.Context(), alice); u != (quota.Usage{}) || err != nil {
		t.Errorf("usage %+v (%v)", u, err)
	}
	must(t, h.clean(t.Context()))
	for query, want := range map[string]int64{
		`SELECT count(*) FROM entry`:                                4,
		`SELECT count(*) FROM message`:                              4,
		`SELECT count(*) FROM account`:                              1,
		`SELECT count(*) FROM thread_ref`:                           4,
		`SELECT count(*) FROM subscription WHERE account = 1`:       0,
		`SELECT count(*) FROM blob WHERE refs = 0`:                  6,
		`SELECT count(*) FROM mailbox WHERE coalesce(account,0)<>2`: 0,
	} {
		if n := h.count(query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	must(t, h.EnsureAccount(t.Context(), alice)) // the id may come back
	if n := h.row(alice, "INBOX").Messages; n != 0 {
		t.Errorf("%d messages came back", n)
	}
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	h := build(t)
	must(t, h.Subscribe(t.Context(), alice, "later/"))
	must(t, h.Subscribe(t.Context(), alice, "later"))
	must(t, h.Unsubscribe(t.Context(), alice, "sent"))
	must(t, h.Unsubscribe(t.Context(), alice, "Sent"))
	if _, dangling, _ := h.Mailboxes(t.Context(), alice); !slices.Equal(dangling, []string{"later"}) {
		t.Errorf("dangling %q", dangling)
	}
	if h.row(alice, "Sent").Subscribed {
		t.Error("still subscribed")
	}
	made, err := h.CreateMailbox(t.Context(), alice, "later", "")
	must(t, err)
	must(t, h.DeleteMailbox(t.Context(), alice, made.Name))
	if _, dangling, _ := h.Mailboxes(t.Context(), alice); len(dangling) != 1 {
		t.Error("the subscription went with the mailbox")
	}
}

package backup

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
	"letterbox/store"
)

func past(t *testing.T, h *house, target Target, id ID) *Past {
	t.Helper()
	repo, err := h.keeper.Repository(t.Context(), target)
	must(t, err)
	p, err := repo.Past(t.Context(), id, h.keeper.work())
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	return p
}

func uids(list ...imap.UID) imap.UIDSet { return imap.UIDSetNum(list...) }

// TestGiveBackIntoPlace: what exists stays, what is missing comes back.
func TestGiveBackIntoPlace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 40)
	h.receive(t, "Archive", 20)
	_, err := h.store.CreateMailbox(t.Context(), anna, "Holiday", "")
	must(t, err)
	h.receive(t, "Holiday", 15)
	holiday, err := h.store.Mailbox(t.Context(), anna, "Holiday")
	must(t, err)
	_, err = h.store.SetFlags(t.Context(), holiday.ID, uids(3), store.FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagFlagged, "Work"}})
	must(t, err)
	must(t, expunge(t, h, "Holiday", 1, 2)) // so that uids begin at 3
	target := folderTarget(t)
	id := take(t, h, target).ID
	was := h.mail(t)

	// Since then: 30 expunged, 5 moved elsewhere, a folder deleted, others arrived.
	h.empty(t, "INBOX")
	archive, err := h.store.Mailbox(t.Context(), anna, "Archive")
	must(t, err)
	inbox, err := h.store.Mailbox(t.Context(), anna, "INBOX")
	must(t, err)
	_, err = h.store.Move(t.Context(), archive.ID, uids(1, 2, 3, 4, 5), inbox.ID)
	must(t, err)
	must(t, h.store.DeleteMailbox(t.Context(), anna, "Holiday"))
	h.receive(t, "INBOX", 3)
	before := h.mail(t)

	p := past(t, h, target, id)
	wish := Wish{From: anna, To: anna, Dry: true}
	said, err := p.GiveBack(t.Context(), h.store, wish)
	must(t, err)
	if diff := cmp.Diff(before, h.mail(t)); diff != "" {
		t.Errorf("a dry run changed something:\n%s", diff)
	}
	wish.Dry = false
	did, err := p.GiveBack(t.Context(), h.store, wish)
	must(t, err)
	if diff := cmp.Diff(said, did); diff != "" {
		t.Errorf("the dry run said something else:\n%s", diff)
	}
	after := h.mail(t)
	for key, text := range before {
		if after[key] != text {
			t.Errorf("%s did not stay", key)
		}
	}
	texts := map[string]int{}
	for _, text := range after {
		texts[text]++
	}
	for key, text := range was {
		if texts[text] != 1 {
			t.Errorf("%s is there %d times", key, texts[text])
		}
	}
	for key, text := range was {
		if strings.HasPrefix(key, "Holiday/") && after[key] != text {
			t.Errorf("%s has another uid, though its own was free", key)
		}
	}
	again, err := h.store.Mailbox(t.Context(), anna, "Holiday")
	must(t, err)
	if again.UIDValidity <= holiday.UIDValidity || again.UIDNext != holiday.UIDNext {
		t.Errorf("UIDVALIDITY %d after %d, UIDNEXT %d after %d", again.UIDValidity, holiday.UIDValidity, again.UIDNext, holiday.UIDNext)
	}
	view, err := h.store.View(t.Context(), again.ID)
	must(t, err)
	defer view.Close()
	entry, _ := view.Entry(3)
	if got := view.FlagNames(entry.Flags); len(got) != 3 {
		t.Errorf("flags %v; it had \\Seen, \\Flagged and Work", got)
	}
	// Once more changes nothing.
	nothing, err := p.GiveBack(t.Context(), h.store, wish)
	must(t, err)
	for _, r := range nothing {
		if r.Messages != 0 || r.Made {
			t.Errorf("given back twice: %+v", r)
		}
	}
}

func expunge(t *testing.T, h *house, mailbox string, list ...imap.UID) error {
	t.Helper()
	box, err := h.store.Mailbox(t.Context(), anna, mailbox)
	must(t, err)
	_, err = h.store.SetFlags(t.Context(), box.ID, uids(list...), store.FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	must(t, err)
	_, _, err = h.store.Expunge(t.Context(), box.ID, uids(list...))
	return err
}

// TestGiveBackBeside: a folder, and single messages of it, under a name of their
// own; nothing else is touched.
func TestGiveBackBeside(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 20)
	target := folderTarget(t)
	id := take(t, h, target).ID
	before := h.mail(t)
	p := past(t, h, target, id)
	beside := BesideFolder(id)
	out, err := p.GiveBack(t.Context(), h.store, Wish{From: anna, To: anna, Folder: "inbox", UIDs: uids(4, 9), Beside: beside})
	must(t, err)
	if len(out) != 1 || out[0].Messages != 2 || out[0].Folder != beside+"/INBOX" {
		t.Errorf("%+v", out)
	}
	after := h.mail(t)
	if after[beside+"/INBOX/4"] != before["INBOX/4"] || after[beside+"/INBOX/9"] != before["INBOX/9"] || len(after) != len(before)+2 {
		t.Errorf("%d messages became %d", len(before), len(after))
	}
	if _, err := p.GiveBack(t.Context(), h.store, Wish{From: anna, To: anna, Folder: "Nowhere"}); err == nil {
		t.Error("gave back a folder that was not there")
	}
}

// TestPast looks into a snapshot: folders, a search, a message.
func TestPast(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 100)
	target := folderTarget(t)
	p := past(t, h, target, take(t, h, target).ID)
	users, err := p.Directory.Users(t.Context())
	must(t, err)
	if len(users) != 1 || users[0].Address != annaAddress {
		t.Errorf("users %v", users)
	}
	box, err := p.Store.Mailbox(t.Context(), anna, "INBOX")
	must(t, err)
	lines := bytes.Split(letter(50), []byte("\r\n"))
	deep := string(lines[len(lines)-2]) // the last line: no preview has it
	for _, test := range []struct {
		words []string
		whole bool
		want  []imap.UID
	}{
		{[]string{"letter 77", "BEN@"}, false, []imap.UID{77}},
		{[]string{"letter 77", "BEN@"}, true, []imap.UID{77}},
		{[]string{deep}, false, nil},
		{[]string{strings.ToUpper(deep), "ben@"}, true, []imap.UID{50}},
		{[]string{deep, "letter 77"}, true, nil},
	} {
		var found []imap.UID
		must(t, p.Search(t.Context(), box.ID, test.words, test.whole, func(row *store.Row) error {
			found = append(found, row.UID)
			return nil
		}))
		if !slices.Equal(found, test.want) {
			t.Errorf("%q, whole %t: found %v, want %v", test.words, test.whole, found, test.want)
		}
	}
}

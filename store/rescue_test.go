package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
	"letterbox/database"
	"letterbox/store/blob"
)

// accountOf is the account that start gave the address to.
func accountOf(address string) (a AccountID, err error) {
	_, err = fmt.Sscanf(address, "user%d@example.org", &a)
	return a, err
}

// contents lists every message of an account: folder, date, flags and text.
func (h *house) contents(a AccountID) (all []string) {
	h.t.Helper()
	list, _, err := h.Mailboxes(h.t.Context(), a)
	must(h.t, err)
	for _, m := range list {
		v := h.view(m.ID)
		must(h.t, h.Rows(h.t.Context(), m.ID, allUIDs(), 0, func(r *Row) error {
			e, _ := v.Entry(r.UID)
			all = append(all, fmt.Sprintf("%s %s [%s] %s", m.Name, r.Received.Format(time.RFC3339), flagText(v.FlagNames(e.Flags)), h.raw(r.Message)))
			return nil
		}))
	}
	slices.Sort(all)
	return all
}

// correspond fills both accounts: with bodies of their own, shared ones, one
// that the queue held first, and the same one twice.
func (h *house) correspond() {
	h.t.Helper()
	t := h.t
	at := func(n int) time.Time { return time.Unix(int64(1e9+n), 0).In(time.FixedZone("", 3600)) }
	_, err := h.Append(t.Context(), Batch{Hold: [][]byte{letter(99)}})
	must(t, err)
	_, err = h.CreateMailbox(t.Context(), alice, "Work/2024", "")
	must(t, err)
	for n := range 30 {
		var b Batch
		for _, a := range []AccountID{alice, bob} {
			if n%3 == 0 && a == bob {
				continue
			}
			prefix := fmt.Appendf(nil, "Delivered-To: %d\r\n", a)
			b.Messages = append(b.Messages, NewMessage{Mailbox: h.boxOf(a, "INBOX"), Raw: letter(n), Prefix: prefix, Received: at(n), Flags: []imap.Flag{"$New"}})
		}
		_, err := h.Append(t.Context(), b)
		must(t, err)
	}
	for _, m := range []NewMessage{
		{Mailbox: h.box("Work/2024"), Raw: letter(1), Received: at(50), Flags: []imap.Flag{imap.FlagSeen}},
		{Mailbox: h.box("Sent"), Raw: letter(99), Received: at(51)},
		{Mailbox: h.box("Archive"), Raw: letter(99), Received: at(52)},
	} {
		_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{m}})
		must(t, err)
	}
}

// lose removes the database and opens what is left.
func (h *house) lose() *house {
	h.t.Helper()
	must(h.t, h.stop())
	files, err := filepath.Glob(filepath.Join(h.dir, "letterbox.db*"))
	must(h.t, err)
	for _, name := range files {
		must(h.t, os.Remove(name))
	}
	left := start(h.t, h.dir, blob.Options{})
	h.t.Cleanup(func() { left.stop() })
	return left
}

// founded is a house whose views are not kept, so that it may be lost.
func founded(t *testing.T) *house {
	h := start(t, t.TempDir(), blob.Options{})
	for _, a := range []AccountID{alice, bob} {
		must(t, h.EnsureAccount(t.Context(), a))
	}
	return h
}

func TestRescueFromPacksAlone(t *testing.T) {
	t.Parallel()
	h := founded(t)
	h.correspond()
	before := [][]string{h.contents(alice), h.contents(bob)}
	h = h.lose()
	report, err := h.Rescue(t.Context(), accountOf, nil, nil)
	must(t, err)
	for i, a := range []AccountID{alice, bob} {
		if diff := cmp.Diff(before[i], h.contents(a)); diff != "" {
			t.Errorf("account %d: %s", a, diff)
		}
	}
	if want := int64(len(before[0]) + len(before[1])); report.Restored != want || report.Present+report.Damaged+report.Orphaned != 0 {
		t.Errorf("%+v, want %d restored", report, want)
	}
	report, err = h.Rescue(t.Context(), accountOf, nil, nil) // again
	must(t, err)
	if report.Restored != 0 {
		t.Errorf("a second rescue restored %d", report.Restored)
	}
	if wrong, err := h.CheckReferences(t.Context()); wrong != 0 || err != nil {
		t.Errorf("%d wrong references (%v)", wrong, err)
	}
	if !h.row(alice, "Work/2024").Subscribed {
		t.Error("a folder is not subscribed")
	}
}

// A rescue gives a database that knows a part, as after one that was
// interrupted, the rest.
func TestRescueCompletesADatabase(t *testing.T) {
	t.Parallel()
	h := founded(t)
	h.correspond()
	before := h.contents(alice)
	_, err := h.SetFlags(t.Context(), h.box("INBOX"), span(1, 20), FlagChange{Flags: []imap.Flag{imap.FlagDeleted}})
	must(t, err)
	_, _, err = h.Expunge(t.Context(), h.box("INBOX"), nil)
	must(t, err)
	must(t, h.clean(t.Context()))
	report, err := h.Rescue(t.Context(), accountOf, nil, nil)
	must(t, err)
	if diff := cmp.Diff(before, h.contents(alice)); diff != "" || report.Restored != 20 {
		t.Errorf("%+v: %s", report, diff)
	}
	must(t, h.stop())
}

// Notes may come before the body that they are about: compaction moves bodies.
func TestRescueAfterCompaction(t *testing.T) {
	t.Parallel()
	h := start(t, t.TempDir(), blob.Options{MaxPack: 1 << 10})
	for _, a := range []AccountID{alice, bob} {
		must(t, h.EnsureAccount(t.Context(), a))
	}
	h.correspond()
	// What stays is in Work and Archive: one body known by a note only.
	_, err := h.SetFlags(t.Context(), h.box("INBOX"), allUIDs(), FlagChange{Flags: []imap.Flag{imap.FlagDeleted}})
	must(t, err)
	_, _, err = h.Expunge(t.Context(), h.box("INBOX"), nil)
	must(t, err)
	must(t, h.Sweep(t.Context(), 0))
	stay := h.contents(alice)
	h = h.lose()
	_, err = h.Rescue(t.Context(), accountOf, nil, nil)
	must(t, err)
	got := h.contents(alice)
	for _, m := range stay {
		if !slices.Contains(got, m) {
			t.Errorf("lost %q", m)
		}
	}
}

// users makes the directory's rows, which salvage needs to tell whose mail it is.
func (h *house) users() {
	h.t.Helper()
	must(h.t, h.db.Write(h.t.Context(), func(tx *database.Tx) error {
		if _, err := tx.Exec(`INSERT INTO domain (id, name, created_at) VALUES (1, 'example.org', 0)`); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO user (id, domain, localpart, created_at) VALUES (1, 1, 'user1', 0), (2, 1, 'user2', 0)`)
		return err
	}))
}

// rearrange does what users do after delivery.
func (h *house) rearrange() {
	h.t.Helper()
	t := h.t
	_, err := h.SetFlags(t.Context(), h.box("INBOX"), span(3, 9), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagFlagged, "$Mine"}})
	must(t, err)
	_, err = h.Move(t.Context(), h.box("INBOX"), span(5, 12), h.box("Trash"))
	must(t, err)
	_, err = h.Copy(t.Context(), h.box("INBOX"), span(1, 3), h.box("Work/2024"))
	must(t, err)
	must(t, h.RenameMailbox(t.Context(), alice, "Work", "Office"))
}

func TestSalvageTellsWhereMailStoodLast(t *testing.T) {
	t.Parallel()
	h := founded(t)
	h.users()
	h.correspond()
	h.rearrange()
	before := h.contents(alice)
	old := filepath.Join(t.TempDir(), "old.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(filepath.Join(h.dir, "letterbox.db"+suffix))
		must(t, err)
		must(t, os.WriteFile(old+suffix, data, 0o600))
	}
	h = h.lose()
	was, err := Salvage(t.Context(), old)
	must(t, err)
	if was.Damaged || was.Messages == 0 {
		t.Errorf("%d messages, damaged %v", was.Messages, was.Damaged)
	}
	_, err = h.Rescue(t.Context(), accountOf, was, nil)
	must(t, err)
	if diff := cmp.Diff(before, h.contents(alice)); diff != "" {
		t.Error(diff)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(old), "*"))
	must(t, err)
	if len(left) != 2 {
		t.Errorf("salvage left %q", left)
	}
}

// Whatever page is damaged, salvage ends, and with the packs no message is lost.
func TestSalvageOfDamagedPages(t *testing.T) {
	t.Parallel()
	h := founded(t)
	h.users()
	h.correspond()
	h.rearrange()
	want := len(h.contents(alice))
	must(t, h.stop())
	whole, err := os.ReadFile(filepath.Join(h.dir, "letterbox.db"))
	must(t, err)
	const page = 4096
	each := 3
	if testing.Short() {
		each = 20 // the others when faults are tried
	}
	for n := 0; n < len(whole)/page; n += each {
		damaged := slices.Clone(whole)
		for i := n * page; i < (n+1)*page; i++ {
			damaged[i] ^= 0x5a
		}
		old := filepath.Join(t.TempDir(), "old.db")
		must(t, os.WriteFile(old, damaged, 0o600))
		was, err := Salvage(t.Context(), old)
		must(t, err)
		fresh := start(t, t.TempDir(), blob.Options{})
		must(t, fresh.blobs.Close())
		fresh.blobs, err = blob.Open(filepath.Join(h.dir, "blobs"), blob.Options{})
		must(t, err)
		fresh.Store.blobs = fresh.blobs
		if _, err := fresh.Rescue(t.Context(), accountOf, was, nil); err != nil {
			t.Errorf("page %d: %v", n, err)
		}
		if got := fresh.count(`SELECT messages FROM account WHERE id = 1`); int(got) < want-3 { // copies may be lost
			t.Errorf("page %d damaged: %d messages of %d", n, got, want)
		}
		must(t, fresh.stop())
	}
}

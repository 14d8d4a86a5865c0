package store

import (
	"errors"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/quota"
)

func TestMailboxLimit(t *testing.T) {
	t.Parallel()
	h := build(t)
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Mailboxes: 8}))
	_, err := h.CreateMailbox(t.Context(), alice, "a/b/c", "")
	var over *quota.OverError
	if !errors.As(err, &over) || over.Resource != quota.Mailbox || over.Wanted != 9 {
		t.Fatalf("three more than six of eight: %v", err)
	}
	if n := len(h.names(alice)); n != 6 {
		t.Fatalf("%d mailboxes; the levels above must not stay", n)
	}
	_, err = h.CreateMailbox(t.Context(), alice, "a/b", "")
	must(t, err)
	if err := h.RenameMailbox(t.Context(), alice, "a/b", "x/y"); !errors.As(err, &over) {
		t.Errorf("renamed below a level that is one too many: %v", err)
	}
	must(t, h.DeleteMailbox(t.Context(), alice, "a/b"))
	if u, _, err := h.Usage(t.Context(), alice); u.Mailboxes != 7 || err != nil {
		t.Errorf("usage %+v, %v", u, err)
	}
}

// A move that is too much for another account moves nothing, however many chunks
// it would take.
func TestNoRoomInAnotherAccount(t *testing.T) {
	t.Parallel()
	const n = chunkRows + 10
	h := build(t)
	from, to := h.box("INBOX"), h.boxOf(bob, "INBOX")
	h.fill(from, n)
	must(t, h.SetLimit(t.Context(), bob, quota.Limit{Messages: n - 1}))
	var over *quota.OverError
	for name, do := range map[string]func() (CopyResult, error){
		"copy": func() (CopyResult, error) { return h.Copy(t.Context(), from, allUIDs(), to) },
		"move": func() (CopyResult, error) { return h.Move(t.Context(), from, allUIDs(), to) },
	} {
		if r, err := do(); !errors.As(err, &over) || len(r.Dest) != 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if next := h.row(bob, "INBOX").UIDNext; next != 1 {
		t.Errorf("uids up to %d were given", next)
	}
	must(t, h.SetLimit(t.Context(), bob, quota.Limit{Messages: n}))
	if _, err := h.Move(t.Context(), from, allUIDs(), to); err != nil {
		t.Error(err)
	}
}

func TestDeletedBytes(t *testing.T) {
	t.Parallel()
	h := build(t)
	m := h.box("INBOX")
	h.fill(m, 3)
	var size int64
	want := func(when string, bytes int64) {
		t.Helper()
		if got := h.row(alice, "INBOX").DeletedBytes; got != bytes {
			t.Errorf("%s: %d bytes, want %d", when, got, bytes)
		}
	}
	mark := func(op imap.StoreFlagsOp, uids imap.UIDSet) {
		t.Helper()
		_, err := h.SetFlags(t.Context(), m, uids, FlagChange{Op: op, Flags: []imap.Flag{imap.FlagDeleted}})
		must(t, err)
	}
	must(t, h.Rows(t.Context(), m, span(2, 3), 0, func(r *Row) error { size += r.Size; return nil }))
	mark(imap.StoreFlagsAdd, span(2, 3))
	want("marked", size)
	mark(imap.StoreFlagsAdd, span(2, 3))
	want("marked again", size)
	mark(imap.StoreFlagsDel, span(1, 3))
	want("taken back", 0)
	mark(imap.StoreFlagsAdd, span(1, 3))
	_, _, err := h.Expunge(t.Context(), m, nil)
	must(t, err)
	want("expunged", 0)
}

func TestQuotaCrossed(t *testing.T) {
	t.Parallel()
	h := build(t)
	var heard []quota.Crossing
	h.thresholds = quota.Thresholds{50, 100}
	h.quotaCrossed = func(a AccountID, c quota.Crossing) {
		if a == alice {
			heard = append(heard, c)
		}
	}
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 4}))
	for range 4 {
		h.fill(h.box("INBOX"), 1)
	}
	if len(heard) != 2 || heard[0].Percent != 50 || heard[1].Percent != 100 || heard[1].Used != 4 {
		t.Errorf("%+v", heard)
	}
}

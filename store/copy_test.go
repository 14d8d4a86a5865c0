package store

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/quota"
)

func TestCopyPairsUp(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, to := h.box("INBOX"), h.box("Archive")
	h.fill(in, 6, imap.FlagSeen, "$Work")
	h.put(to, letter(50), "$Other")
	h.set(in, uids(2), imap.StoreFlagsAdd, imap.FlagDeleted)
	_, _, err := h.Expunge(t.Context(), in, nil)
	must(t, err)
	r, err := h.Copy(t.Context(), in, imap.UIDSet{{Start: 5, Stop: 99}, {Start: 1, Stop: 3}}, to)
	must(t, err)
	if !slices.Equal(r.Source, uids(1, 3, 5, 6)) || !slices.Equal(r.Dest, span(2, 5)) || r.UIDValidity != h.row(alice, "Archive").UIDValidity {
		t.Errorf("%+v", r)
	}
	v := h.view(to)
	e, _ := v.Entry(4)
	if got := flagText(v.FlagNames(e.Flags)); got != `$Work \Seen` {
		t.Errorf("flags %q", got)
	}
	var source, copied []MessageID
	must(t, h.Rows(t.Context(), in, r.Source, 0, func(r *Row) error { source = append(source, r.Message); return nil }))
	must(t, h.Rows(t.Context(), to, r.Dest, 0, func(r *Row) error { copied = append(copied, r.Message); return nil }))
	if !slices.Equal(source, copied) {
		t.Error("a copy has another EMAILID")
	}
	if r, err := h.Copy(t.Context(), in, uids(77), to); err != nil || r.Source != nil || r.UIDValidity == 0 {
		t.Errorf("nothing to copy: %+v (%v)", r, err)
	}
	if _, err := h.Copy(t.Context(), in, uids(1), 999); !errors.Is(err, ErrNotFound) {
		t.Errorf("to nowhere: %v", err)
	}
}

// Copies share what never changes, and each goes on its own.
func TestCopiesAreCounted(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, to := h.box("INBOX"), h.box("Archive")
	added := h.put(in, letter(1), imap.FlagDeleted)
	for range 3 {
		_, err := h.Copy(t.Context(), in, uids(1), to)
		must(t, err)
	}
	_, err := h.Copy(t.Context(), to, span(1, 2), to) // two of one message at once
	must(t, err)
	if n := h.count(`SELECT count(*) FROM message`); n != 1 {
		t.Errorf("%d messages", n)
	}
	expunge := func(m MailboxID, set imap.UIDSet) {
		t.Helper()
		_, _, err := h.Expunge(t.Context(), m, set)
		must(t, err)
		must(t, h.clean(t.Context()))
	}
	expunge(in, nil)
	expunge(to, span(2, 5))
	if got := h.raw(added.Message); !bytes.Equal(got, letter(1)) {
		t.Errorf("%q", got)
	}
	if n := h.count(`SELECT count(*) FROM copies`) + h.count(`SELECT refs - 1 FROM blob`); n != 0 {
		t.Error("one entry is left, and more is counted")
	}
	expunge(to, nil)
	if n := h.count(`SELECT count(*) FROM message`) + h.count(`SELECT refs FROM blob`); n != 0 {
		t.Error("something is left")
	}
}

// A copy that fails half way leaves nothing, although its chunks were committed.
func TestCopyIsUndone(t *testing.T) {
	t.Parallel()
	const n = chunkRows + 50
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, n)
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 2*n - 10}))
	_, err := h.Copy(t.Context(), in, allUIDs(), h.box("Archive"))
	var over *quota.OverError
	if !errors.As(err, &over) {
		t.Fatalf("over quota: %v", err)
	}
	if m := h.row(alice, "Archive"); m.Messages != 0 || m.UIDNext == 1 {
		t.Errorf("%+v", m)
	}
	if u, _, _ := h.Usage(t.Context(), alice); u.Messages != n {
		t.Errorf("%+v", u)
	}
	must(t, h.clean(t.Context()))
	if n := h.count(`SELECT count(*) FROM copies`); n != 0 {
		t.Errorf("%d copies left", n)
	}
}

func TestMoveLeavesItsTrace(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, to := h.box("INBOX"), h.box("Archive")
	h.fill(in, 5)
	before := h.row(alice, "INBOX").ModSeq
	r, err := h.Move(t.Context(), in, uids(2, 4), to)
	must(t, err)
	if !slices.Equal(r.Source, uids(2, 4)) || !slices.Equal(r.Dest, span(1, 2)) {
		t.Errorf("%+v", r)
	}
	gone, complete, err := h.Expunged(t.Context(), in, before)
	if err != nil || !complete || !slices.Equal(gone, uids(2, 4)) {
		t.Errorf("expunged %v %v (%v)", gone, complete, err)
	}
	if n := h.count(`SELECT count(*) FROM dropped`) + h.count(`SELECT count(*) FROM copies`); n != 0 {
		t.Error("a move within an account touches no reference")
	}
}

func TestBetweenAccounts(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, bobs := h.box("INBOX"), h.boxOf(bob, "INBOX")
	h.fill(in, 3, "$Work")
	_, err := h.Copy(t.Context(), in, uids(1), bobs)
	must(t, err)
	r, err := h.Move(t.Context(), in, uids(2), bobs)
	must(t, err)
	if !slices.Equal(r.Dest, uids(2)) {
		t.Errorf("%+v", r)
	}
	must(t, h.RemoveAccount(t.Context(), alice))
	must(t, h.Sweep(t.Context(), 0))
	if wrong, err := h.CheckReferences(t.Context()); wrong != 0 || err != nil {
		t.Errorf("%d wrong references (%v)", wrong, err)
	}
	n := 0
	must(t, h.Rows(t.Context(), bobs, allUIDs(), 0, func(r *Row) error {
		if got := h.raw(r.Message); !bytes.Equal(got, letter(n)) {
			t.Errorf("%q", got)
		}
		n++
		return nil
	}))
	if u, _, _ := h.Usage(t.Context(), bob); n != 2 || u.Messages != 2 {
		t.Errorf("%d messages, usage %+v", n, u)
	}
}

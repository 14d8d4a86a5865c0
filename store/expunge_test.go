package store

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
)

func TestExpunge(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 6)
	v := h.view(in)
	before := v.Snapshot()
	if gone, highest, err := h.Expunge(t.Context(), in, nil); gone != nil || highest != before.ModSeq || err != nil {
		t.Errorf("nothing marked: %v %d (%v)", gone, highest, err)
	}
	h.set(in, uids(1, 3, 5), imap.StoreFlagsAdd, imap.FlagDeleted)
	gone, highest, err := h.Expunge(t.Context(), in, span(2, 4))
	if !slices.Equal(gone, uids(3)) || highest != before.ModSeq+2 || err != nil {
		t.Errorf("UID EXPUNGE: %v %d (%v)", gone, highest, err)
	}
	gone, _, err = h.Expunge(t.Context(), in, nil)
	if !slices.Equal(gone, uids(1, 5)) || err != nil {
		t.Errorf("EXPUNGE: %v (%v)", gone, err)
	}
	if s := v.Snapshot(); !slices.Equal(s.UIDs, []imap.UID{2, 4, 6}) || s.Expunges != before.Expunges+2 {
		t.Errorf("%+v", s)
	}
	if _, _, err := h.Expunge(t.Context(), 999, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("no mailbox: %v", err)
	}
	added := h.put(in, letter(9))
	if added.UID != 7 {
		t.Errorf("uid %d was given again", added.UID)
	}
}

// A body that somebody is reading stays readable when another session expunges
// it, for as long as the grace of the sweep.
func TestExpungedBodyStaysReadable(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	added := h.put(in, letter(1), imap.FlagDeleted)
	b, err := h.OpenBody(t.Context(), added.Message)
	must(t, err)
	defer b.Close()
	_, _, err = h.Expunge(t.Context(), in, nil)
	must(t, err)
	must(t, h.Sweep(t.Context(), 3600e9))
	got := make([]byte, len(letter(1)))
	if _, err := b.ReadAt(got, 0); err != nil || !slices.Equal(got, letter(1)) {
		t.Errorf("%q (%v)", got, err)
	}
	if _, err := h.OpenBody(t.Context(), added.Message); !errors.Is(err, ErrNoMessage) {
		t.Errorf("opened afresh: %v", err)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 2, imap.FlagDeleted)
	created := h.row(alice, "INBOX").ModSeq - 1
	_, _, err := h.Expunge(t.Context(), in, nil)
	must(t, err)
	first := h.row(alice, "INBOX").ModSeq
	// A long history, as years of mail leave one: 30 expunges of 500 messages.
	must(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`
			WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 14999)
			INSERT INTO expunged (mailbox, modseq, uid) SELECT ?, ? + 1 + i / 500, 10 + i FROM n`, int64(in), int64(first))
		return err
	}))
	if _, complete, err := h.Expunged(t.Context(), in, created); !complete || err != nil {
		t.Errorf("complete %v (%v)", complete, err)
	}
	if gone, complete, err := h.Expunged(t.Context(), in, math.MaxUint64); gone != nil || !complete || err != nil {
		t.Errorf("since the end of time: %v %v (%v)", gone, complete, err)
	}
	h.cleaner.shorten(in)
	must(t, h.clean(t.Context()))
	if n := h.count(`SELECT count(*) FROM expunged`); n != historyKept {
		t.Errorf("%d remembered", n)
	}
	cut := first + 10
	for since, want := range map[ModSeq]bool{created: false, cut - 1: false, cut: true, cut + 5: true} {
		gone, complete, err := h.Expunged(t.Context(), in, since)
		if complete != want || err != nil {
			t.Errorf("since %d: complete %v (%v)", since, complete, err)
		}
		if complete && !slices.Equal(gone, span(imap.UID(10+500*(since-first)), 15009)) {
			t.Errorf("since %d: %v", since, gone)
		}
	}
}

// Who gives up half way is told what was done.
func TestExpungeTellsWhatWasDone(t *testing.T) {
	t.Parallel()
	const n = chunkRows + 10
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, n, imap.FlagDeleted)
	ctx, cancel := context.WithCancel(t.Context())
	h.Watch(in, cancel)
	gone, highest, err := h.Expunge(ctx, in, nil)
	if !errors.Is(err, context.Canceled) || !slices.Equal(gone, span(1, chunkRows)) {
		t.Errorf("%v (%v)", gone, err)
	}
	if m := h.row(alice, "INBOX"); m.Messages != 10 || m.ModSeq != highest {
		t.Errorf("%+v, told %d", m, highest)
	}
}

// TestEmpty takes out what was there when somebody looked, flagged or not, in
// chunks; it can be brought back.
func TestEmpty(t *testing.T) {
	t.Parallel()
	h := keeping(t)
	junk := h.box("Junk")
	h.fill(junk, chunkRows+5, imap.FlagFlagged)
	next := h.row(alice, "Junk").UIDNext
	h.fill(junk, 2)
	n, err := h.Empty(t.Context(), junk, next)
	if must(t, err); n != chunkRows+5 {
		t.Errorf("%d went", n)
	}
	if m := h.row(alice, "Junk"); m.Messages != 2 {
		t.Errorf("%d are left", m.Messages)
	}
	if back, err := h.Restore(t.Context(), alice, nil); back.Messages != chunkRows+5 || err != nil {
		t.Errorf("%+v, %v", back, err)
	}
	for _, nothing := range []imap.UID{0, 1} {
		if n, err := h.Empty(t.Context(), junk, nothing); n != 0 || err != nil {
			t.Errorf("below uid %d: %d, %v", nothing, n, err)
		}
	}
}

package store

import (
	"errors"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
)

var monthly = map[imap.MailboxAttr]int{imap.MailboxAttrTrash: 30}

// retention returns the rule of a mailbox of alice.
func (h *house) retention(name string, now time.Time) Retention {
	h.t.Helper()
	all, err := h.Retentions(h.t.Context(), alice, monthly, now)
	must(h.t, err)
	for _, r := range all {
		if r.Mailbox.Name == name {
			return r
		}
	}
	h.t.Fatalf("no mailbox %s in %+v", name, all)
	return Retention{}
}

func (h *house) annotate(name, value string) error {
	return h.SetMetadata(h.t.Context(), h.box(name), alice, []Annotation{{RetentionEntry, []byte(value)}})
}

func TestRetentionRules(t *testing.T) {
	t.Parallel()
	h := build(t)
	now := time.Now()
	if r := h.retention("Trash", now); r.Days != 30 || r.Own || r.Due.Messages != 0 || !r.Next.IsZero() {
		t.Errorf("the default of an empty trash: %+v", r)
	}
	must(t, h.annotate("Trash", KeepForever))
	if r := h.retention("Trash", now); r.Days != 0 || !r.Own {
		t.Errorf("for ever: %+v", r)
	}
	must(t, h.annotate("INBOX", "400"))
	if r := h.retention("INBOX", now); r.Days != 400 || !r.Own {
		t.Errorf("of the owner's: %+v", r)
	}
	for _, bad := range []string{"0", "-1", "+5", "36501", "30 days", "", "Never"} {
		if err := h.annotate("INBOX", bad); !errors.Is(err, ErrBadRetention) {
			t.Errorf("%q was taken: %v", bad, err)
		}
	}
	// What others say about their copy of it is not the owner's word.
	must(t, h.SetMetadata(t.Context(), h.box("Archive"), bob, []Annotation{{RetentionEntry, []byte("1")}}))
	if r := h.retention("Archive", now); r.Days != 0 {
		t.Errorf("somebody else's: %+v", r)
	}
}

// TestExpire: what came too long ago goes, in chunks, unless it is flagged; and
// can be brought back.
func TestExpire(t *testing.T) {
	t.Parallel()
	const n = chunkRows + 20
	h := build(t)
	h.undelete = time.Hour
	trash := h.box("Trash")
	h.fill(trash, n)
	now := time.Now()
	must(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE entry SET saved_at = ? WHERE mailbox = ? AND uid > 5`, now.AddDate(0, 0, -31).Unix(), int64(trash))
		return err
	}))
	_, err := h.SetFlags(t.Context(), trash, span(10, 12), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagFlagged}})
	must(t, err)
	r := h.retention("Trash", now)
	if r.Due.Messages != n-8 || r.Next.After(now) || !r.Told.IsZero() || r.Acts(now) != now.Add(RetentionNotice) {
		t.Errorf("before: %+v", r)
	}
	gone, err := h.Expire(t.Context(), r, now)
	if gone != n-8 || err != nil {
		t.Errorf("%d went, %v", gone, err)
	}
	if left := h.row(alice, "Trash").Messages; left != 8 {
		t.Errorf("%d stay", left)
	}
	if gone, err := h.Expire(t.Context(), h.retention("Trash", now), now); gone != 0 || err != nil {
		t.Errorf("again: %d went, %v", gone, err)
	}
	if back, err := h.Restore(t.Context(), alice, nil); back.Messages != n-8 || err != nil {
		t.Errorf("%+v came back, %v", back, err)
	}
	if r := h.retention("Trash", now); r.Due.Messages != 0 {
		t.Errorf("what was brought back is due at once: %+v", r)
	}
}

// TestRetentionIsTold: a rule that was told covers longer ones, and not shorter.
func TestRetentionIsTold(t *testing.T) {
	t.Parallel()
	h := build(t)
	now := time.Unix(2_000_000_000, 0)
	must(t, h.NoteRetention(t.Context(), []Retention{h.retention("Trash", now)}, now))
	for days, told := range map[string]bool{"30": true, "60": true, "29": false} {
		must(t, h.annotate("Trash", days))
		if r := h.retention("Trash", now); r.Told.IsZero() == told {
			t.Errorf("%s days: told %v", days, r.Told)
		}
	}
}

// TestTryRetention says what a rule would do, and does not do it.
func TestTryRetention(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.fill(h.box("INBOX"), 3)
	h.fill(h.box("INBOX"), 1, imap.FlagFlagged)
	now := time.Now().AddDate(0, 0, 40)
	for days, want := range map[int]int64{30: 3, 50: 0, 0: 0} {
		r, err := h.TryRetention(t.Context(), *h.row(alice, "INBOX"), days, now)
		must(t, err)
		if r.Due.Messages != want || r.Next.IsZero() != (days == 0) {
			t.Errorf("after %d days: %+v", days, r)
		}
	}
	if r := h.retention("INBOX", now); r.Days != 0 || r.Own {
		t.Errorf("it is the rule now: %+v", r)
	}
}

package store

import (
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
)

// TestCheckUsage disturbs counters: they are reported and mended, in the database
// and in the views that are open.
func TestCheckUsage(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 5)
	h.fill(h.box("Archive"), 2, imap.FlagSeen, imap.FlagDeleted)
	if wrong, err := h.CheckUsage(t.Context()); len(wrong) > 0 || err != nil {
		t.Fatalf("nothing was disturbed: %+v, %v", wrong, err)
	}
	view := h.view(in)
	inbox, archive := *h.row(alice, "INBOX"), *h.row(alice, "Archive")
	usage, _, err := h.Usage(t.Context(), alice)
	must(t, err)
	must(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE mailbox SET messages = messages + 3, unseen = 0, bytes = bytes - 7 WHERE id = ?`, int64(in))
		if err == nil {
			_, err = tx.Exec(`UPDATE mailbox SET deleted = 9, deleted_bytes = 1 WHERE id = ?`, int64(archive.ID))
		}
		if err == nil {
			_, err = tx.Exec(`UPDATE account SET bytes = bytes - 1, messages = 1, mailboxes = 77 WHERE id = 1`)
		}
		return err
	}))
	wrong, err := h.CheckUsage(t.Context())
	must(t, err)
	if len(wrong) != 3 || wrong[2].Mailbox != "" || wrong[2].Stored.Mailboxes != 77 || wrong[2].Counted != usage {
		t.Errorf("found %+v", wrong)
	}
	for _, was := range []Mailbox{inbox, archive} {
		now := *h.row(alice, was.Name)
		was.ModSeq = now.ModSeq // clients hear that the mailbox changed
		if now != was {
			t.Errorf("mended to %+v, want %+v", now, was)
		}
	}
	if m := view.Mailbox(); m.Messages != 5 || m.Bytes != inbox.Bytes {
		t.Errorf("the view has %+v", m)
	}
	if now, _, err := h.Usage(t.Context(), alice); now != usage || err != nil {
		t.Errorf("the account holds %+v, %v; want %+v", now, err, usage)
	}
	if wrong, err := h.CheckUsage(t.Context()); len(wrong) > 0 || err != nil {
		t.Errorf("after mending: %+v, %v", wrong, err)
	}
}

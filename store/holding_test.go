package store

import (
	"testing"

	"github.com/emersion/go-imap/v2"
)

// TestFiled counts what lies in folders of a use, and nothing of who is gone.
func TestFiled(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.fill(h.box("Junk"), 3)
	h.fill(h.box("INBOX"), 1)
	h.fill(h.boxOf(bob, "Junk"), 2)
	filed, err := h.Filed(t.Context(), imap.MailboxAttrJunk)
	must(t, err)
	if filed[alice] != 3 || filed[bob] != 2 {
		t.Errorf("%v", filed)
	}
	must(t, h.RemoveAccount(t.Context(), bob))
	filed, err = h.Filed(t.Context(), imap.MailboxAttrJunk)
	must(t, err)
	if _, is := filed[bob]; is || filed[alice] != 3 {
		t.Errorf("%v", filed)
	}
}

package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/quota"
)

// keeping is a house whose expunged messages can be brought back.
func keeping(t *testing.T) *house {
	t.Helper()
	h := build(t)
	h.undelete = time.Hour
	return h
}

// expungeAll marks and expunges.
func (h *house) expungeAll(m MailboxID, set imap.UIDSet) {
	h.t.Helper()
	h.set(m, set, imap.StoreFlagsAdd, imap.FlagDeleted)
	_, _, err := h.Expunge(h.t.Context(), m, nil)
	must(h.t, err)
}

func (h *house) removed(mailbox string) []RemovedMessage {
	h.t.Helper()
	list, err := h.Removed(h.t.Context(), alice, mailbox, 0, 100)
	must(h.t, err)
	return list
}

// sound recounts references after everything was settled.
func (h *house) sound() {
	h.t.Helper()
	must(h.t, h.clean(h.t.Context()))
	if wrong, err := h.CheckReferences(h.t.Context()); err != nil || wrong != 0 {
		h.t.Errorf("%d references were wrong, %v", wrong, err)
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	h := keeping(t)
	in := h.box("INBOX")
	at := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{
		{Mailbox: in, Raw: letter(1), Flags: []imap.Flag{imap.FlagSeen, "$Work", "$Later"}, Received: at},
		{Mailbox: in, Raw: letter(2)},
	}})
	must(t, err)
	h.expungeAll(in, uids(1))
	if u, _, _ := h.Usage(t.Context(), alice); u.Messages != 1 {
		t.Errorf("what was removed counts still: %+v", u)
	}
	h.sound()
	list := h.removed("")
	if len(list) != 1 || list[0].Mailbox != "INBOX" || !list[0].Received.Equal(at) || list[0].Size != int64(len(letter(1))) || len(list[0].Header) == 0 {
		t.Fatalf("%+v", list)
	}
	v := h.view(in)
	done, err := h.Restore(t.Context(), alice, []int64{list[0].ID, 999})
	must(t, err)
	if done.Messages != 1 || !slices.Equal(done.Mailboxes, []string{"INBOX"}) {
		t.Errorf("%+v", done)
	}
	e, ok := v.Entry(3)
	if !ok || !slices.Equal(v.FlagNames(e.Flags), []imap.Flag{imap.FlagSeen, "$Work", "$Later"}) {
		t.Errorf("%+v %v", e, v.FlagNames(e.Flags))
	}
	must(t, h.Rows(t.Context(), in, uids(3), 0, func(r *Row) error {
		if !r.Received.Equal(at) || string(h.raw(r.Message)) != string(letter(1)) {
			t.Errorf("%+v", r)
		}
		return nil
	}))
	if u, _, _ := h.Usage(t.Context(), alice); u.Messages != 2 || len(h.removed("")) != 0 {
		t.Errorf("%+v, %d left", u, len(h.removed("")))
	}
	h.sound()
}

// TestRestoreWithMailbox brings back what went with its mailbox, and it.
func TestRestoreWithMailbox(t *testing.T) {
	t.Parallel()
	h := keeping(t)
	made, err := h.CreateMailbox(t.Context(), alice, "Trips/Rome", "")
	must(t, err)
	const n = chunkRows + 10
	h.fill(made.ID, n, "$Work")
	must(t, h.DeleteMailbox(t.Context(), alice, "Trips/Rome"))
	must(t, h.DeleteMailbox(t.Context(), alice, "Trips"))
	h.sound()
	if list := h.removed("Trips/Rome"); len(list) != 100 {
		t.Fatalf("%d listed", len(list))
	}
	done, err := h.Restore(t.Context(), alice, nil)
	must(t, err)
	again := h.row(alice, "Trips/Rome")
	if done.Messages != n || again.Messages != n || again.UIDValidity == made.UIDValidity {
		t.Errorf("%+v, %+v", done, again)
	}
	h.sound()
}

// TestForgetRemoved keeps what stands elsewhere, and only that.
func TestForgetRemoved(t *testing.T) {
	t.Parallel()
	h := keeping(t)
	in, archive := h.box("INBOX"), h.box("Archive")
	h.fill(in, 3)
	_, err := h.Copy(t.Context(), in, uids(1), archive)
	must(t, err)
	h.expungeAll(in, span(1, 3))
	must(t, h.clean(t.Context()))
	if n, err := h.ForgetRemoved(t.Context(), time.Now().Add(-time.Minute)); n != 0 || err != nil {
		t.Errorf("%d forgotten too early, %v", n, err)
	}
	if n, err := h.ForgetRemoved(t.Context(), time.Now().Add(time.Minute)); n != 3 || err != nil {
		t.Errorf("%d forgotten, %v", n, err)
	}
	h.sound()
	must(t, h.Sweep(t.Context(), 0))
	if n := h.count(`SELECT count(*) FROM blob`); n != 1 {
		t.Errorf("%d bodies are left, want that of the copy", n)
	}
	must(t, h.Rows(t.Context(), archive, uids(1), 0, func(r *Row) error {
		if string(h.raw(r.Message)) != string(letter(0)) {
			t.Error("the copy is damaged")
		}
		return nil
	}))
}

// TestRestoreOverQuota loses nothing that does not fit.
func TestRestoreOverQuota(t *testing.T) {
	t.Parallel()
	h := keeping(t)
	in := h.box("INBOX")
	h.fill(in, 3)
	h.expungeAll(in, span(1, 3))
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 2}))
	var over *quota.OverError
	if _, err := h.Restore(t.Context(), alice, nil); !errors.As(err, &over) {
		t.Errorf("%v", err)
	}
	if n := len(h.removed("")); n != 3 {
		t.Errorf("%d can be brought back, want all", n)
	}
	h.sound()
}

func TestRemovedGoesWithTheAccount(t *testing.T) {
	t.Parallel()
	h := keeping(t)
	in := h.box("INBOX")
	h.fill(in, 3)
	h.expungeAll(in, span(1, 2))
	must(t, h.RemoveAccount(t.Context(), alice))
	h.sound()
	if n := h.count(`SELECT (SELECT count(*) FROM removed) + (SELECT count(*) FROM message)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// TestClearRemovedEnds has accounts whose numbers are above those of their
// removed messages: the search for accounts that are gone must come to its end.
func TestClearRemovedEnds(t *testing.T) {
	t.Parallel()
	h := keeping(t)
	const carol AccountID = 1000
	must(t, h.EnsureAccount(t.Context(), carol))
	for _, a := range []AccountID{bob, carol} {
		in := h.boxOf(a, "INBOX")
		h.put(in, letter(1))
		h.expungeAll(in, uids(1))
	}
	h.sound()
	must(t, h.RemoveAccount(t.Context(), bob))
	h.sound()
	if n := h.count(`SELECT count(*) FROM removed`); n != 1 {
		t.Errorf("%d can be brought back, want carol's", n)
	}
}

func TestNothingIsKeptWithoutUndelete(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 2)
	h.expungeAll(in, span(1, 2))
	h.sound()
	if n := h.count(`SELECT (SELECT count(*) FROM removed) + (SELECT count(*) FROM message)`); n != 0 {
		t.Errorf("%d rows are kept", n)
	}
}

// TestUndoneCopyIsNotKept: what a failed COPY takes back nobody ever had.
func TestUndoneCopyIsNotKept(t *testing.T) {
	t.Parallel()
	h := keeping(t)
	in, archive := h.box("INBOX"), h.box("Archive")
	h.fill(in, 5)
	_, err := h.Copy(t.Context(), in, span(1, 5), archive)
	must(t, err)
	_, _, err = h.remove(t.Context(), archive, span(1, 5), 0, (*job).drop)
	must(t, err)
	if n := len(h.removed("")); n != 0 {
		t.Errorf("%d can be brought back", n)
	}
	h.sound()
}

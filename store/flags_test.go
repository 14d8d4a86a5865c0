package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
)

func (h *house) set(m MailboxID, set imap.UIDSet, op imap.StoreFlagsOp, flags ...imap.Flag) FlagResult {
	h.t.Helper()
	r, err := h.SetFlags(h.t.Context(), m, set, FlagChange{Op: op, Flags: flags})
	must(h.t, err)
	return r
}

func TestSetFlags(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 5, imap.FlagSeen)
	v := h.view(in)
	before := v.Snapshot().ModSeq

	r := h.set(in, span(2, 9), imap.StoreFlagsAdd, `\FLAGGED`, "$Work", `\Recent`, `\*`)
	if !slices.Equal(r.Changed, span(2, 5)) || r.Failed != nil || r.ModSeq != before+1 {
		t.Errorf("%+v after %d", r, before)
	}
	e, _ := v.Entry(3)
	if got := flagText(v.FlagNames(e.Flags)); got != `$Work \Flagged \Seen` || e.ModSeq != r.ModSeq {
		t.Errorf("%q %+v", got, e)
	}
	if r := h.set(in, span(1, 5), imap.StoreFlagsAdd, "$work"); !slices.Equal(r.Changed, uids(1)) {
		t.Errorf("keywords are compared with case: %+v", r)
	}
	if r := h.set(in, span(1, 5), imap.StoreFlagsAdd, imap.FlagSeen); r.Changed != nil || r.ModSeq != 0 {
		t.Errorf("nothing was to change: %+v", r)
	}
	if r := h.set(in, span(1, 5), imap.StoreFlagsDel, imap.FlagFlagged, "unheard-of"); !slices.Equal(r.Changed, span(2, 5)) {
		t.Errorf("%+v", r)
	}
	if n := len(v.Keywords()); n != 1 {
		t.Errorf("%d keywords", n)
	}
	h.set(in, uids(4), imap.StoreFlagsSet, imap.FlagDeleted)
	if e, _ := v.Entry(4); e.Flags != Deleted {
		t.Errorf("%+v", e)
	}
	if m := v.Mailbox(); m.Unseen != 1 || m.Deleted != 1 || m.Messages != 5 {
		t.Errorf("%+v", m)
	}
	if _, err := h.SetFlags(t.Context(), 999, span(1, 2), FlagChange{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("no mailbox: %v", err)
	}
}

// RFC 7162 section 3.1.3.
func TestUnchangedSince(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 6)
	v := h.view(in)
	since := v.Snapshot().ModSeq
	h.set(in, uids(2, 5), imap.StoreFlagsAdd, imap.FlagSeen)
	change := FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagFlagged}, UnchangedSince: &since}
	r, err := h.SetFlags(t.Context(), in, imap.UIDSet{{Start: 1, Stop: 2}, {Start: 4, Stop: 7}}, change)
	must(t, err)
	if !slices.Equal(r.Changed, uids(1, 4, 6)) || !slices.Equal(r.Failed, uids(2, 5)) {
		t.Errorf("%+v", r)
	}
	zero := ModSeq(0)
	change.UnchangedSince = &zero
	if r, err := h.SetFlags(t.Context(), in, span(1, 6), change); err != nil || r.Changed != nil || !slices.Equal(r.Failed, span(1, 6)) {
		t.Errorf("since 0: %+v (%v)", r, err)
	}
}

func TestKeywordsAreBounded(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, archive := h.box("INBOX"), h.box("Archive")
	h.fill(in, 1)
	for n := range MaxKeywords {
		h.set(in, uids(1), imap.StoreFlagsAdd, imap.Flag(fmt.Sprintf("k%d", n)))
	}
	_, err := h.SetFlags(t.Context(), in, uids(1), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{"last straw"}})
	if !errors.Is(err, ErrTooManyKeywords) {
		t.Errorf("one too many: %v", err)
	}
	v := h.view(in)
	e, _ := v.Entry(1)
	if names := v.FlagNames(e.Flags); len(names) != MaxKeywords || names[MaxKeywords-1] != "k55" {
		t.Errorf("%d keywords: %v", len(names), names)
	}
	// The highest bit survives the database, and other mailboxes number anew.
	h.put(archive, letter(7), "k55")
	_, err = h.Copy(t.Context(), in, uids(1), archive)
	must(t, err)
	a := h.view(archive)
	e, _ = a.Entry(2)
	if names := a.FlagNames(e.Flags); len(names) != MaxKeywords || names[0] != "k55" {
		t.Errorf("copied %v", names)
	}
	if f, ok := a.Bits([]imap.Flag{"k55", imap.FlagSeen, "unknown"}); ok || f != Seen|1<<FirstKeyword {
		t.Errorf("%b %v", f, ok)
	}
	// A message must be able to go where there is no room for its keywords.
	h.put(archive, letter(8), imap.FlagSeen)
	h.set(in, uids(1), imap.StoreFlagsSet)
	trash := h.box("Trash")
	h.put(trash, letter(9), "new")
	_, err = h.Copy(t.Context(), trash, uids(1), in)
	must(t, err)
	if e, _ := v.Entry(2); e.Flags != 0 {
		t.Errorf("%b", e.Flags)
	}
}

// perCommit watches a mailbox and notes how many messages each commit touched.
func (h *house) perCommit(m MailboxID) (counts func() []int) {
	v := h.view(m)
	known := v.Snapshot()
	var all []int
	stop := h.Watch(m, func() {
		s := v.Snapshot()
		changed := len(v.Changed(nil, s.UIDs, known.ModSeq))
		gone := len(known.UIDs) - len(s.UIDs)
		all = append(all, max(changed, gone))
		known = s
	})
	return func() []int {
		stop()
		defer func() { all = nil }()
		return all
	}
}

// Nothing that a user can ask for makes a long transaction.
func TestBigChangesRunInChunks(t *testing.T) {
	t.Parallel()
	const n = 2*chunkRows + 100
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, n)
	_, err := h.CreateMailbox(t.Context(), alice, "big", "")
	must(t, err)
	whole := []int{chunkRows, chunkRows, 100}
	check := func(what string, got []int) {
		t.Helper()
		if !slices.Equal(got, whole) {
			t.Errorf("%s took commits of %v messages", what, got)
		}
	}

	counts := h.perCommit(in)
	if r := h.set(in, allUIDs(), imap.StoreFlagsAdd, imap.FlagFlagged, "$Big"); !slices.Equal(r.Changed, span(1, n)) {
		t.Errorf("%+v", r)
	}
	check("STORE", counts())

	counts = h.perCommit(h.box("big"))
	r, err := h.Copy(t.Context(), in, allUIDs(), h.box("big"))
	must(t, err)
	check("COPY", counts())
	if !slices.Equal(r.Source, span(1, n)) || !slices.Equal(r.Dest, span(1, n)) {
		t.Errorf("%+v", r)
	}

	counts = h.perCommit(in)
	_, err = h.Move(t.Context(), in, allUIDs(), in) // also onto itself
	must(t, err)
	check("MOVE", counts())

	h.set(in, allUIDs(), imap.StoreFlagsAdd, imap.FlagDeleted)
	counts = h.perCommit(in)
	gone, _, err := h.Expunge(t.Context(), in, nil)
	must(t, err)
	check("EXPUNGE", counts())
	if !slices.Equal(gone, span(n+1, 2*n)) {
		t.Errorf("expunged %v", gone)
	}
	if m := h.row(alice, "INBOX"); m.Messages != 0 || m.Bytes != 0 || m.Unseen != 0 || m.Deleted != 0 {
		t.Errorf("%+v", m)
	}
	commits := h.db.Stats().Jobs
	must(t, h.clean(t.Context()))
	if jobs := h.db.Stats().Jobs - commits; jobs < n/settleRows {
		t.Errorf("%d messages were settled in %d transactions", n, jobs)
	}
	if n := h.count(`SELECT count(*) FROM copies`); n != 0 {
		t.Errorf("%d copies left", n)
	}
}

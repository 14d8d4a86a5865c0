package store

import (
	"errors"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"pgregory.net/rapid"
)

// What a reader has read is a set, however it grows and shrinks.
func TestReaderIsASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, want := &reader{}, map[imap.UID]bool{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			uid := imap.UID(rapid.IntRange(1, 20).Draw(t, "uid"))
			seen := rapid.Bool().Draw(t, "seen")
			r.set(uid, seen)
			want[uid] = seen
		}
		for uid := range imap.UID(22) {
			if r.has(uid) != want[uid] {
				t.Fatalf("uid %d: %t in %v", uid, r.has(uid), r.seen)
			}
		}
		for i, part := range r.seen {
			if part.Start > part.Stop || i > 0 && r.seen[i-1].Stop+1 >= part.Start {
				t.Fatalf("ranges %v", r.seen)
			}
		}
	})
}

func (h *house) sight(m MailboxID, who AccountID) *Sight {
	h.t.Helper()
	s, err := h.Sight(h.t.Context(), m, who)
	must(h.t, err)
	h.t.Cleanup(s.Close)
	return s
}

// unread are the uids without \Seen.
func unread(s *Sight) (uids []imap.UID) {
	for _, e := range s.Entries(nil, s.Snapshot().UIDs) {
		if e.Flags&Seen == 0 {
			uids = append(uids, e.UID)
		}
	}
	return uids
}

func TestOwnSeen(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx, in := t.Context(), h.box("INBOX")
	h.fill(in, 3)
	must(t, h.SetOwnSeen(ctx, alice, "INBOX", true))
	owner, reader, again := h.sight(in, alice), h.sight(in, bob), h.sight(in, bob)
	since := reader.Snapshot().ModSeq
	set := func(by AccountID, op imap.StoreFlagsOp, uids imap.UIDSet, flags ...imap.Flag) FlagResult {
		t.Helper()
		r, err := h.SetFlags(ctx, in, uids, FlagChange{Op: op, Flags: flags, By: by})
		must(t, err)
		return r
	}
	want := func(when string, ofOwner, ofReader []imap.UID) {
		t.Helper()
		fresh, err := h.UnseenBy(ctx, in, bob)
		must(t, err)
		if got := unread(owner); !slices.Equal(got, ofOwner) || int(h.row(alice, "INBOX").Unseen) != len(ofOwner) {
			t.Errorf("%s: the owner has not read %v, counted %d; want %v", when, got, h.row(alice, "INBOX").Unseen, ofOwner)
		}
		if got := unread(reader); !slices.Equal(got, ofReader) || !slices.Equal(unread(again), ofReader) || int(fresh) != len(ofReader) {
			t.Errorf("%s: the reader has not read %v, counted %d; want %v", when, got, fresh, ofReader)
		}
	}
	set(bob, imap.StoreFlagsAdd, span(1, 2), imap.FlagSeen)
	want("reader reads", []imap.UID{1, 2, 3}, []imap.UID{3})
	if changed := again.Changed(nil, again.Snapshot().UIDs, since); len(changed) != 2 || changed[0].Flags != Seen {
		t.Errorf("the reader's other session hears of %v", changed)
	}
	if r := set(bob, imap.StoreFlagsAdd, span(1, 2), imap.FlagSeen); r.ModSeq != 0 {
		t.Error("reading twice is a change")
	}
	set(alice, imap.StoreFlagsAdd, span(2, 3), imap.FlagSeen)
	want("owner reads", []imap.UID{1}, []imap.UID{3})
	set(bob, imap.StoreFlagsSet, span(2, 3), imap.FlagFlagged)
	want("reader sets another flag", []imap.UID{1}, []imap.UID{2, 3})
	if e, _ := owner.Entry(2); e.Flags != Seen|Flagged {
		t.Errorf("the owner's flags are %b", e.Flags)
	}
	set(bob, imap.StoreFlagsDel, span(1, 1), imap.FlagSeen)
	set(bob, imap.StoreFlagsAdd, span(3, 3), imap.FlagSeen, imap.FlagDeleted)
	want("reader unreads", []imap.UID{1}, []imap.UID{1, 2})
	_, _, err := h.Expunge(ctx, in, nil)
	must(t, err)
	want("expunged", []imap.UID{1}, []imap.UID{1, 2})
	added, err := h.Append(ctx, Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(9), Flags: []imap.Flag{imap.FlagSeen}, By: bob}}})
	must(t, err)
	want("appended by the reader", []imap.UID{1, added[0].UID}, []imap.UID{1, 2})
	// What is read goes along with a copy, into and out of the mailbox.
	out, err := h.CopyAs(ctx, bob, in, span(1, added[0].UID), h.boxOf(bob, "INBOX"), ^Flags(0))
	must(t, err)
	if got := unread(h.sight(h.boxOf(bob, "INBOX"), bob)); !slices.Equal(got, []imap.UID{1, 2}) || len(out.Dest) == 0 {
		t.Errorf("copied out, %v are unread", got)
	}
	_, err = h.MoveAs(ctx, bob, h.boxOf(bob, "INBOX"), span(2, 3), in, ^Flags(0))
	must(t, err)
	next := added[0].UID
	want("moved in", []imap.UID{1, next, next + 1, next + 2}, []imap.UID{1, 2, next + 1})
	// A view that is loaded anew knows the same.
	if got := unread(&Sight{owner.View, h.reloaded(in, bob)}); !slices.Equal(got, []imap.UID{1, 2, next + 1}) {
		t.Errorf("loaded anew: %v", got)
	}
	must(t, h.DeleteMailbox(ctx, alice, "Sent"))
	must(t, h.RemoveAccount(ctx, bob))
	if n := h.count(`SELECT count(*) FROM seen`); n != 0 {
		t.Errorf("%d rows of a removed reader", n)
	}
}

// reloaded reads what somebody has read from the database.
func (h *house) reloaded(m MailboxID, who AccountID) *reader {
	h.t.Helper()
	v := &View{store: h.Store, id: m, row: mailboxRow{Mailbox: Mailbox{ID: m, OwnSeen: true, Account: alice}}}
	r, err := v.readBy(h.t.Context(), who)
	must(h.t, err)
	return r
}

func TestSightOfNothing(t *testing.T) {
	t.Parallel()
	h := build(t)
	if _, err := h.Sight(t.Context(), 4711, bob); !errors.Is(err, ErrNotFound) {
		t.Errorf("no mailbox: %v", err)
	}
}

package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"
)

// A watchful is a session as the IMAP server has one: it knows what it has told
// its client and works out what is new whenever it is woken.
type watchful struct {
	known Snapshot
	flags map[imap.UID]Entry
}

// follow brings it up to date and checks what a session relies on.
func (w *watchful) follow(v *View) error {
	s := v.Snapshot()
	if s.ModSeq < w.known.ModSeq || s.UIDNext < w.known.UIDNext {
		return fmt.Errorf("went back from %d to %d", w.known.ModSeq, s.ModSeq)
	}
	if !slices.IsSorted(s.UIDs) {
		return fmt.Errorf("uids are not ascending")
	}
	if s.Expunges == w.known.Expunges && !slices.Equal(s.UIDs[:len(w.known.UIDs)], w.known.UIDs) {
		return fmt.Errorf("uids changed without an expunge")
	}
	for _, e := range v.Changed(nil, s.UIDs, w.known.ModSeq) {
		w.flags[e.UID] = e
	}
	for uid := range w.flags {
		if _, still := slices.BinarySearch(s.UIDs, uid); !still {
			delete(w.flags, uid)
		}
	}
	w.known = s
	return nil
}

// busy does random things to a mailbox and one beside it.
func busy(ctx context.Context, s *Store, r *rand.Rand, in, beside MailboxID, n int) error {
	for i := range n {
		var err error
		at := imap.UID(r.IntN(3*i+5) + 1)
		some := span(at, at+imap.UID(r.IntN(10)))
		switch r.IntN(6) {
		case 0, 1:
			_, err = s.Append(ctx, Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(r.IntN(50))}, {Mailbox: in, Raw: letter(r.IntN(50))}}})
		case 2:
			flag := []imap.Flag{imap.FlagDeleted, imap.FlagSeen, imap.Flag(fmt.Sprintf("k%d", r.IntN(20)))}[r.IntN(3)]
			op := []imap.StoreFlagsOp{imap.StoreFlagsAdd, imap.StoreFlagsDel}[r.IntN(2)]
			_, err = s.SetFlags(ctx, in, some, FlagChange{Op: op, Flags: []imap.Flag{flag}})
		case 3:
			_, _, err = s.Expunge(ctx, in, nil)
		case 4:
			_, err = s.Move(ctx, in, some, beside)
		case 5:
			_, err = s.Copy(ctx, beside, some, in)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Views that are opened, followed and closed while commits go on show what the
// database holds, whenever they were loaded.
func TestViewsKeepUp(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, beside := h.box("INBOX"), h.box("Archive")
	done := make(chan struct{})
	var writers, watchers errgroup.Group
	for i := range 3 {
		writers.Go(func() error {
			return busy(t.Context(), h.Store, rand.New(rand.NewPCG(uint64(i), 7)), in, beside, 120)
		})
	}
	for range 2 {
		watchers.Go(func() error { return watchOnce(t.Context(), h.Store, in, done) })
		watchers.Go(func() error { return loadOften(t.Context(), h.Store, in, done) })
	}
	must(t, writers.Wait())
	close(done)
	must(t, watchers.Wait())
}

// watchOnce follows one view to the end.
func watchOnce(ctx context.Context, s *Store, m MailboxID, done <-chan struct{}) error {
	woken := make(chan struct{}, 1)
	stop := s.Watch(m, func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	defer stop()
	v, err := s.View(ctx, m)
	if err != nil {
		return err
	}
	defer v.Close()
	w := &watchful{flags: map[imap.UID]Entry{}}
	for {
		if err := w.follow(v); err != nil {
			return err
		}
		select {
		case <-woken:
			continue
		case <-done:
		}
		if err := w.follow(v); err != nil {
			return err
		}
		return s.sameAsDatabase(ctx, v, w)
	}
}

// loadOften opens views afresh all the time and follows each for a little.
func loadOften(ctx context.Context, s *Store, m MailboxID, done <-chan struct{}) error {
	for {
		v, err := s.View(ctx, m)
		if err != nil {
			return err
		}
		w := &watchful{flags: map[imap.UID]Entry{}}
		for range 3 {
			if err := w.follow(v); err != nil {
				return err
			}
		}
		select {
		case <-done:
			defer v.Close()
			if err := w.follow(v); err != nil {
				return err
			}
			return s.sameAsDatabase(ctx, v, w)
		default:
			v.Close()
		}
	}
}

// sameAsDatabase compares a session's knowledge and its view with a fresh load.
func (s *Store) sameAsDatabase(ctx context.Context, v *View, w *watchful) error {
	fresh := &View{store: s, id: v.id, loaded: make(chan struct{})}
	if fresh.load(ctx); fresh.err != nil {
		return fresh.err
	}
	if !slices.Equal(fresh.uids, w.known.UIDs) || len(w.flags) != len(fresh.uids) {
		return fmt.Errorf("session knows %d uids, the database %d", len(w.known.UIDs), len(fresh.uids))
	}
	for i, uid := range fresh.uids {
		e, _ := v.Entry(uid)
		if e != fresh.entry(i) || e != w.flags[uid] {
			return fmt.Errorf("uid %d: database %v, view %v, session %v", uid, fresh.entry(i), e, w.flags[uid])
		}
	}
	if !slices.Equal(fresh.words, v.Keywords()) {
		return fmt.Errorf("keywords %v, not %v", v.Keywords(), fresh.words)
	}
	if got, want := v.Mailbox(), fresh.Mailbox(); got != want {
		return fmt.Errorf("row %+v, not %+v", got, want)
	}
	return nil
}

// A commit that comes between the registration of a view and its reading, or
// between the reading and the end of the load, is neither missed nor applied
// twice.
func TestViewLoadsDuringCommits(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 3)
	v, first := h.views.open(h.Store, in)
	if !first {
		t.Fatal("somebody has it open")
	}
	h.put(in, letter(10)) // queued, and seen by the load
	h.fill(in, 2)
	if len(v.queue) != 2 {
		t.Fatalf("%d changes queued", len(v.queue))
	}
	v.load(t.Context())
	defer v.Close()
	if s := v.Snapshot(); len(s.UIDs) != 6 || s.UIDNext != 7 {
		t.Errorf("%+v", s)
	}
}

func TestSnapshotsShareTheirUIDs(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 10)
	v := h.view(in)
	before := v.Snapshot()
	again := v.Snapshot()
	if &before.UIDs[0] != &again.UIDs[0] {
		t.Error("a snapshot copies")
	}
	h.fill(in, 5, imap.FlagDeleted)
	grown := v.Snapshot()
	if grown.Expunges != before.Expunges || !slices.Equal(grown.UIDs[:10], before.UIDs) || len(before.UIDs) != 10 {
		t.Error("arrivals changed what was there")
	}
	_, _, err := h.Expunge(t.Context(), in, uids(12, 14))
	must(t, err)
	if s := v.Snapshot(); s.Expunges == before.Expunges || slices.Contains(s.UIDs, 12) || !slices.Contains(grown.UIDs, 12) {
		t.Error("an expunge must make a new array")
	}
}

func TestViewIsShared(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	one, two := h.view(in), h.view(in)
	if one != two {
		t.Error("two views of one mailbox")
	}
	if _, err := h.View(t.Context(), 999); err == nil || h.views.views[999] != nil {
		t.Errorf("view of no mailbox: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.View(gone, h.box("Sent")); err == nil || len(h.views.views) != 1 {
		t.Errorf("view for somebody who left: %v", err)
	}
}

// A mailbox that is selected again is not read again; its view has followed what
// happened meanwhile.
func TestViewLingersAndFollows(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 3)
	before, err := h.View(t.Context(), in)
	must(t, err)
	before.Close()
	h.fill(in, 2)
	after := h.view(in)
	if after != before {
		t.Error("the view was loaded anew")
	}
	if n := len(after.Snapshot().UIDs); n != 5 {
		t.Errorf("%d messages, not 5", n)
	}
}

func TestIdleViewsAreBounded(t *testing.T) {
	t.Parallel()
	h := build(t)
	boxes := []MailboxID{h.box("INBOX"), h.box("Sent"), h.box("Archive")}
	for _, box := range boxes {
		v, err := h.View(t.Context(), box)
		must(t, err)
		v.uids = make([]imap.UID, idleMessages/2) // as if it were that large
		v.Close()
	}
	if h.views.views[boxes[0]] != nil || len(h.views.views) != 2 {
		t.Errorf("%d views are kept, among them that closed first: %t", len(h.views.views), h.views.views[boxes[0]] != nil)
	}
	must(t, h.DeleteMailbox(t.Context(), alice, "Archive"))
	if h.views.views[boxes[2]] != nil {
		t.Error("the view of a mailbox that was deleted is kept")
	}
}

func TestRecentIsClaimedOnce(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 3)
	if n := h.row(alice, "INBOX").Recent; n != 3 {
		t.Errorf("%d recent", n)
	}
	v, err := h.View(t.Context(), in)
	must(t, err)
	if from := v.ClaimRecent(true); from != 1 {
		t.Errorf("EXAMINE sees recent from %d", from)
	}
	if from := v.ClaimRecent(false); from != 1 {
		t.Errorf("first session sees recent from %d", from)
	}
	if from := v.ClaimRecent(false); from != 4 {
		t.Errorf("second session sees recent from %d", from)
	}
	h.fill(in, 2)
	if n := h.row(alice, "INBOX").Recent; n != 2 || v.Mailbox().Recent != 2 {
		t.Errorf("%d and %d recent", n, v.Mailbox().Recent)
	}
	if from := v.ClaimRecent(false); from != 4 {
		t.Errorf("recent from %d", from)
	}
	v.Close()
	again := h.view(in) // perhaps before the claim is saved
	if from := again.ClaimRecent(true); from != 6 {
		t.Errorf("after reopening recent from %d", from)
	}
	must(t, h.clean(t.Context()))
	if n := h.count(`SELECT recent_from FROM mailbox WHERE id = ?`, int64(in)); n != 6 || len(h.claims.all()) != 0 {
		t.Errorf("saved %d, claims left %v", n, h.claims.all())
	}
}

func TestWatchersAreWokenAfterTheCommit(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, other := h.box("INBOX"), h.box("Archive")
	var mu sync.Mutex
	var woken []string
	note := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		woken = append(woken, text)
	}
	v := h.view(in)
	h.Watch(in, func() { note(fmt.Sprintf("mailbox with %d", len(v.Snapshot().UIDs))) })
	h.Watch(other, func() { note("other") })
	h.WatchAccount(alice, func(m MailboxID) { note(fmt.Sprintf("account of %v", m == in)) })
	h.WatchAccount(bob, func(MailboxID) { note("bob") })
	var stop func()
	stop = h.Watch(in, func() { note("once"); stop(); stop() })
	h.put(in, letter(1))
	h.put(in, letter(2))
	must(t, h.Subscribe(t.Context(), alice, "nowhere"))
	want := []string{"mailbox with 1", "once", "account of true", "mailbox with 2", "account of true", "account of false"}
	if !slices.Equal(woken, want) {
		t.Errorf("woken %q", woken)
	}
}

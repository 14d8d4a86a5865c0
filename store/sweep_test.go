package store

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"
	"letterbox/database"
	"letterbox/store/blob"
)

// small opens a store whose packs are soon full.
func small(t *testing.T) *house {
	t.Helper()
	h := start(t, t.TempDir(), blob.Options{MaxPack: 2 << 10})
	t.Cleanup(func() { h.stop() })
	must(t, h.EnsureAccount(t.Context(), alice))
	return h
}

func (h *house) packs() int {
	names, err := filepath.Glob(filepath.Join(h.dir, "blobs", "*"))
	must(h.t, err)
	return len(names)
}

func TestSweepFreesAfterTheGrace(t *testing.T) {
	t.Parallel()
	h := small(t)
	in := h.box("INBOX")
	for n := range 60 {
		h.put(in, letter(n))
	}
	h.set(in, span(1, 55), imap.StoreFlagsAdd, imap.FlagDeleted)
	_, _, err := h.Expunge(t.Context(), in, nil)
	must(t, err)
	before := h.packs()
	must(t, h.Sweep(t.Context(), time.Hour))
	if n := h.count(`SELECT count(*) FROM blob`); n != 60 || h.packs() != before {
		t.Errorf("within the grace: %d bodies, %d of %d packs", n, h.packs(), before)
	}
	must(t, h.Sweep(t.Context(), 0))
	if n := h.count(`SELECT count(*) FROM blob`); n != 5 || h.packs() >= before/2 {
		t.Errorf("after it: %d bodies, %d of %d packs", n, h.packs(), before)
	}
	for uid := imap.UID(56); uid <= 60; uid++ {
		must(t, h.Rows(t.Context(), in, uids(uid), 0, func(r *Row) error {
			if got, want := string(h.raw(r.Message)), string(letter(int(uid)-1)); got != want {
				t.Errorf("uid %d reads %q", uid, got)
			}
			return nil
		}))
	}
}

// A body that comes again before the sweep is taken up where it lies.
func TestFreedBodyComesBack(t *testing.T) {
	t.Parallel()
	h := small(t)
	in := h.box("INBOX")
	h.put(in, letter(1), imap.FlagDeleted)
	_, _, err := h.Expunge(t.Context(), in, nil)
	must(t, err)
	must(t, h.clean(t.Context()))
	added := h.put(in, letter(1))
	must(t, h.Sweep(t.Context(), 0))
	if got := string(h.raw(added.Message)); got != string(letter(1)) {
		t.Errorf("%q", got)
	}
	if n := h.count(`SELECT count(*) FROM blob`); n != 1 {
		t.Errorf("%d bodies", n)
	}
}

// An append whose body is swept between its preparation and its transaction
// begins again.
func TestAppendOutlivesSweep(t *testing.T) {
	t.Parallel()
	h := small(t)
	in := h.box("INBOX")
	h.put(in, letter(1), imap.FlagDeleted)
	_, _, err := h.Expunge(t.Context(), in, nil)
	must(t, err)
	b := Batch{Messages: dated([]NewMessage{{Mailbox: in, Raw: letter(1)}})}
	bodies := unpack(b)
	h.underway.begin(bodies)
	defer h.underway.end(bodies)
	must(t, h.prepare(t.Context(), b, bodies))
	must(t, h.Sweep(t.Context(), 0))
	err = h.write(t.Context(), func(j *job) error { _, err := h.insert(j, b, bodies); return err })
	if err != errBodyMoved {
		t.Errorf("a row for a body that was swept: %v", err)
	}
	if added, err := h.Append(t.Context(), b); err != nil || string(h.raw(added[0].Message)) != string(letter(1)) {
		t.Errorf("%v", err)
	}
}

// A body that is durable and has no row yet is moved by compaction like one that
// has, and its append learns of it.
func TestAppendOutlivesCompaction(t *testing.T) {
	t.Parallel()
	h := small(t)
	in := h.box("INBOX")
	b := Batch{Messages: dated([]NewMessage{{Mailbox: in, Raw: letter(1)}})}
	b.Messages[0].Received = time.Unix(0, 0)
	bodies := unpack(b)
	h.underway.begin(bodies)
	must(t, h.prepare(t.Context(), b, bodies))
	at, err := h.blobs.Put(t.Context(), bodies.items()...)
	must(t, err)
	bodies.list[0].at = at[0]
	for n := range 60 { // fill the pack with what will be dead
		h.put(in, letter(100+n), imap.FlagDeleted)
	}
	_, _, err = h.Expunge(t.Context(), in, nil)
	must(t, err)
	must(t, h.Sweep(t.Context(), 0))
	if _, err := h.blobs.Open(at[0], bodies.list[0].hash); err == nil {
		t.Fatal("the body was not moved: the test shows nothing")
	}
	err = h.write(t.Context(), func(j *job) error { _, err := h.insert(j, b, bodies); return err })
	if err != errBodyMoved {
		t.Errorf("a row for a body that was moved: %v", err)
	}
	h.underway.end(bodies)
	added, err := h.Append(t.Context(), b)
	if err != nil || string(h.raw(added[0].Message)) != string(letter(1)) {
		t.Errorf("%v", err)
	}
}

// Appends, expunges and sweeps without any grace, all at once: every message
// that is there can be read, and the counts are right.
func TestSweepUnderLoad(t *testing.T) {
	t.Parallel()
	h := small(t)
	in, beside := h.box("INBOX"), h.box("Archive")
	ctx, cancel := context.WithCancel(t.Context())
	var sweeper, writers errgroup.Group
	sweeper.Go(func() error {
		for ctx.Err() == nil {
			if err := h.Sweep(t.Context(), 0); err != nil {
				return err
			}
		}
		return nil
	})
	for w := range 4 {
		writers.Go(func() error {
			return busy(t.Context(), h.Store, rand.New(rand.NewPCG(uint64(w), 3)), in, beside, 150)
		})
	}
	must(t, writers.Wait())
	cancel()
	must(t, sweeper.Wait())
	for _, m := range []MailboxID{in, beside} {
		must(t, h.Rows(t.Context(), m, allUIDs(), 0, func(r *Row) error {
			if n := len(h.raw(r.Message)); int64(n) != r.Size {
				t.Errorf("uid %d has %d of %d bytes", r.UID, n, r.Size)
			}
			return nil
		}))
	}
	if wrong, err := h.CheckReferences(t.Context()); wrong != 0 || err != nil {
		t.Errorf("%d wrong references (%v)", wrong, err)
	}
}

func TestCheckReferencesMends(t *testing.T) {
	t.Parallel()
	h := small(t)
	in := h.box("INBOX")
	for n := range 5 {
		h.put(in, letter(n))
	}
	must(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
		for _, damage := range []string{
			`UPDATE blob SET refs = 7 WHERE id = 1`,
			`UPDATE blob SET refs = 0, freed_at = 1 WHERE id = 2`,
			`INSERT INTO blob (hash, pack, offset, length, size, refs) VALUES (x'00', 1, 1, 1, 1, 2)`,
		} {
			if _, err := tx.Exec(damage); err != nil {
				return err
			}
		}
		return nil
	}))
	if wrong, err := h.CheckReferences(t.Context()); wrong != 3 || err != nil {
		t.Errorf("%d wrong (%v)", wrong, err)
	}
	if n := h.count(`SELECT count(*) FROM blob WHERE refs = 1 AND freed_at = 0`); n != 5 {
		t.Errorf("%d of 5 mended", n)
	}
	if n := h.count(`SELECT count(*) FROM blob WHERE refs = 0 AND freed_at > 0`); n != 1 {
		t.Error("a body without references is not free")
	}
	if wrong, err := h.CheckReferences(t.Context()); wrong != 0 || err != nil {
		t.Errorf("%d wrong again (%v)", wrong, err)
	}
}

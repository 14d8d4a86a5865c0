package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"golang.org/x/sync/errgroup"
	"letterbox/database"
	"letterbox/quota"
	"letterbox/store/blob"
)

// A body that several people receive is kept once, with each of them named in
// the packs: the first time in its record, later in notes.
func TestEqualBodiesAreKeptOnce(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, bobs := h.box("INBOX"), h.boxOf(bob, "INBOX")
	_, err := h.Append(t.Context(), Batch{
		Messages: []NewMessage{{Mailbox: in, Raw: letter(1)}, {Mailbox: bobs, Raw: letter(1), Prefix: []byte("To-Bob: 1\r\n")}, {Mailbox: in, Raw: letter(2)}},
		Hold:     [][]byte{letter(2), letter(3)},
	})
	must(t, err)
	h.put(bobs, letter(2))
	if n := h.count(`SELECT count(*) FROM blob`); n != 3 {
		t.Errorf("%d bodies", n)
	}
	if n := h.count(`SELECT sum(refs) FROM blob`); n != 6 {
		t.Errorf("%d references", n)
	}
	var records []string
	must(t, h.blobs.Scan(t.Context(), func(r blob.Record) error {
		text := map[bool]string{true: "note", false: "body"}[r.Note]
		for _, m := range r.Meta {
			text += " " + m.Account + ":" + m.Mailbox
		}
		records = append(records, text)
		return nil
	}))
	want := []string{
		"body user1@example.org:INBOX user2@example.org:INBOX",
		"body user1@example.org:INBOX",
		"body",
		"note user2@example.org:INBOX",
	}
	if !slices.Equal(records, want) {
		t.Errorf("records %q", records)
	}
}

// Appended one at a time, a message costs two flushes; with many at once they
// share them.
func TestFlushesAreShared(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	flushes := func() int64 { return h.db.Stats().Commits + h.blobs.Stats().Flushes }
	h.put(in, letter(0)) // begins a pack
	before := flushes()
	for n := range 10 {
		h.put(in, letter(n+1))
	}
	if n := flushes() - before; n != 20 {
		t.Errorf("%d flushes for 10 messages", n)
	}
	before = flushes()
	var writers errgroup.Group
	for w := range 32 {
		writers.Go(func() error {
			for n := range 10 {
				_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(100 + w*10 + n)}}})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, writers.Wait())
	if n := flushes() - before; n > 320 {
		t.Errorf("%d flushes for 320 messages of 32 writers", n)
	}
	before = flushes()
	var b Batch
	for n := range 50 {
		b.Messages = append(b.Messages, NewMessage{Mailbox: in, Raw: letter(1000 + n)})
	}
	_, err := h.Append(t.Context(), b)
	must(t, err)
	if n := flushes() - before; n != 2 {
		t.Errorf("%d flushes for one batch", n)
	}
}

// Concurrent appends of one body agree on one row, and every recipient is named
// in the packs.
func TestConcurrentAppendsOfOneBody(t *testing.T) {
	t.Parallel()
	h := build(t)
	var writers errgroup.Group
	for range 16 {
		writers.Go(func() error {
			_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: h.box("INBOX"), Raw: letter(1)}}})
			return err
		})
	}
	must(t, writers.Wait())
	if n := h.count(`SELECT refs FROM blob`); n != 16 {
		t.Errorf("%d references", n)
	}
	if h.count(`SELECT count(*) FROM blob`) != 1 || len(h.underway.bodies) != 0 {
		t.Error("more than one body, or some underway")
	}
}

func TestBatchIsAllOrNothing(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 2}))
	boom := errors.New("boom")
	many := make([]imap.Flag, MaxKeywords+1)
	for i := range many {
		many[i] = imap.Flag("k" + strings.Repeat("x", i))
	}
	var over *quota.OverError
	for name, c := range map[string]struct {
		b    Batch
		want func(error) bool
	}{
		"quota":    {Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(1)}, {Mailbox: in, Raw: letter(2)}, {Mailbox: in, Raw: letter(3)}}}, func(err error) bool { return errors.As(err, &over) && over.Resource == "MESSAGE" && over.Wanted == 3 }},
		"mailbox":  {Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(1)}, {Mailbox: 999, Raw: letter(1)}}}, func(err error) bool { return errors.Is(err, ErrNotFound) }},
		"keywords": {Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(1), Flags: many}}}, func(err error) bool { return errors.Is(err, ErrTooManyKeywords) }},
		"also":     {Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(1)}}, Hold: [][]byte{letter(9)}, Also: func(*database.Tx, []HeldID) error { return boom }}, func(err error) bool { return errors.Is(err, boom) }},
	} {
		if _, err := h.Append(t.Context(), c.b); !c.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if m := h.row(alice, "INBOX"); m.Messages != 0 || m.UIDNext != 1 {
		t.Errorf("%+v", m)
	}
	for _, table := range []string{"entry", "message", "blob", "held", "keyword", "thread_ref"} {
		if n := h.count(`SELECT count(*) FROM ` + table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

func TestQuotaOfBytes(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Bytes: int64(2*len(letter(1)) + 5)}))
	h.put(in, letter(1))
	_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(2), Prefix: []byte("123456")}}})
	var over *quota.OverError
	if !errors.As(err, &over) || over.Resource != "STORAGE" {
		t.Errorf("the prefix does not count: %v", err)
	}
	h.put(in, letter(2))
	if _, err := h.Copy(t.Context(), in, uids(1), h.box("Archive")); !errors.As(err, &over) {
		t.Errorf("copy: %v", err)
	}
	if _, err := h.Move(t.Context(), in, uids(1), h.box("Archive")); err != nil {
		t.Errorf("move: %v", err)
	}
	u, l, err := h.Usage(t.Context(), alice)
	if err != nil || u.Messages != 2 || u.Bytes != int64(2*len(letter(1))) || l.Bytes == 0 {
		t.Errorf("%+v of %+v (%v)", u, l, err)
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	threads := map[string]int64{}
	mail := func(name string, header ...string) {
		added := h.put(in, []byte(strings.Join(header, "\r\n")+"\r\n\r\n"+name+"\r\n"))
		must(t, h.Rows(t.Context(), in, uids(added.UID), 0, func(r *Row) error {
			threads[name] = r.Thread
			return nil
		}))
	}
	mail("first", "Message-ID: <1@x>")
	mail("reply", "Message-ID: <2@x>", "In-Reply-To: <1@x>")
	mail("deep", "Message-ID: <9@x>", "References: <1@x> <2@x> <never-seen@x>")
	mail("again", "Message-ID: <1@x>", "Subject: the copy of the list")
	mail("other", "Message-ID: <7@x>")
	mail("orphan", "Message-ID: <20@x>", "References: <lost@x> <gone@x>")
	mail("sibling", "Message-ID: <21@x>", "References: <lost@x> <missing@x>")
	mail("parent", "Message-ID: <lost@x>")
	mail("nameless")
	mail("nameless too")
	for name, as := range map[string]string{"reply": "first", "deep": "first", "again": "first", "sibling": "orphan", "parent": "orphan"} {
		if threads[name] != threads[as] {
			t.Errorf("%s is not in the thread of %s: %v", name, as, threads)
		}
	}
	distinct := map[int64]bool{}
	for _, name := range []string{"first", "other", "orphan", "nameless", "nameless too"} {
		distinct[threads[name]] = true
	}
	if len(distinct) != 5 || distinct[0] {
		t.Errorf("threads %v", threads)
	}
}

func TestHeldBodies(t *testing.T) {
	t.Parallel()
	h := build(t)
	var held []HeldID
	_, err := h.Append(t.Context(), Batch{
		Messages: []NewMessage{{Mailbox: h.box("Sent"), Raw: letter(1)}},
		Hold:     [][]byte{letter(1), letter(2)},
		Also:     func(_ *database.Tx, ids []HeldID) error { held = ids; return nil },
	})
	must(t, err)
	b, err := h.OpenHeld(t.Context(), held[1])
	must(t, err)
	defer b.Close()
	var text strings.Builder
	if _, err := b.WriteTo(&text); err != nil || text.String() != string(letter(2)) || b.Size() != int64(text.Len()) {
		t.Errorf("held %q (%v)", text.String(), err)
	}
	for range 2 { // twice is as once
		must(t, h.db.Write(t.Context(), func(tx *database.Tx) error { return h.ReleaseHeld(tx, held[1]) }))
	}
	if _, err := h.OpenHeld(t.Context(), held[1]); !errors.Is(err, ErrNoMessage) {
		t.Errorf("released: %v", err)
	}
	if n := h.count(`SELECT count(*) FROM blob WHERE refs = 0 AND freed_at > 0`); n != 1 {
		t.Errorf("%d bodies free", n)
	}
}

// A message that is replaced goes in the transaction that brings the new one, or
// not at all, and leaves its room to it.
func TestReplace(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("Drafts")
	old := h.put(in, letter(1))
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Messages: 1}))
	v := h.view(in)
	batch := Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(2)}}, Replaces: &Replaced{in, old.UID}}
	added, err := h.Append(t.Context(), batch)
	must(t, err)
	if s := v.Snapshot(); len(s.UIDs) != 1 || s.UIDs[0] != added[0].UID || s.Expunges != 1 {
		t.Errorf("the view has %v", s.UIDs)
	}
	if _, err := h.Append(t.Context(), batch); !errors.Is(err, ErrNoMessage) {
		t.Errorf("replaced twice: %v", err)
	}
	batch.Messages = append(batch.Messages, batch.Messages[0])
	batch.Replaces.UID = added[0].UID
	var over *quota.OverError
	if _, err := h.Append(t.Context(), batch); !errors.As(err, &over) {
		t.Errorf("two for one: %v", err)
	}
	if s := v.Snapshot(); len(s.UIDs) != 1 {
		t.Errorf("the view has %v after a replacement that failed", s.UIDs)
	}
	must(t, h.clean(t.Context()))
	if n := h.count(`SELECT count(*) FROM message`); n != 1 {
		t.Errorf("%d messages", n)
	}
}

package store

import (
	"math"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/store/blob"
	"pgregory.net/rapid"
)

// samePicture compares what an imprint says of a mailbox with the rows, and
// reports whether there was one that is good enough.
func (h *house) samePicture(m MailboxID) (imprinted bool) {
	h.t.Helper()
	must(h.t, h.db.Read(h.t.Context(), func(c *database.Conn) error {
		got, err := readPicture(c, m, 1)
		if err != nil {
			return err
		}
		want, err := readPicture(c, m, 0)
		if err != nil {
			return err
		}
		if !slices.Equal(got.uids, want.uids) || !slices.Equal(got.flags, want.flags) || !slices.Equal(got.modseqs, want.modseqs) {
			h.t.Errorf("mailbox %d at modseq %d, imprint of %d:\n%v\nrows:\n%v", m, got.row.ModSeq, got.kept, got, want)
		}
		imprinted = got.kept > 0
		return nil
	}))
	return imprinted
}

func TestImprintHoldsAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var p, again picture
		uid := uint32(0)
		for range rapid.IntRange(0, 50).Draw(t, "messages") {
			uid += rapid.OneOf(rapid.Just(uint32(1)), rapid.Uint32Range(1, 1<<25)).Draw(t, "further")
			p.uids = append(p.uids, imap.UID(uid))
			p.flags = append(p.flags, Flags(rapid.OneOf(rapid.Uint64Range(0, 1), rapid.Uint64()).Draw(t, "flags")))
			p.modseqs = append(p.modseqs, ModSeq(rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Uint64Range(0, math.MaxInt64)).Draw(t, "modseq")))
		}
		packed := p.pack()
		if err := again.unpack(packed, len(p.uids)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.uids, again.uids) || !slices.Equal(p.flags, again.flags) || !slices.Equal(p.modseqs, again.modseqs) {
			t.Fatalf("%v became %v", p, again)
		}
		if len(p.uids) > 0 && again.unpack(packed, len(p.uids)-1) == nil {
			t.Fatal("more messages than there may be")
		}
	})
}

// An imprint of a mailbox in which things happened together, or one after the
// other, takes next to nothing.
func TestImprintIsSmall(t *testing.T) {
	t.Parallel()
	var p picture
	for i := range 10_000 {
		p.uids, p.flags, p.modseqs = append(p.uids, imap.UID(i+1)), append(p.flags, Seen), append(p.modseqs, ModSeq(i+7))
	}
	if n := len(p.pack()); n > 40 {
		t.Errorf("%d bytes", n)
	}
}

// A flipped bit, a missing end, another version: nothing of it is believed.
func TestImprintDamaged(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 20, imap.FlagSeen)
	h.imprint(in)
	if !h.samePicture(in) {
		t.Fatal("there is no imprint")
	}
	var packed []byte
	must(t, h.db.Read(t.Context(), func(c *database.Conn) error {
		return c.QueryRow(`SELECT packed FROM imprint WHERE mailbox = ?`, int64(in)).Scan(&packed)
	}))
	try := func(damaged []byte) {
		t.Helper()
		must(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(`UPDATE imprint SET packed = ? WHERE mailbox = ?`, damaged, int64(in))
			return err
		}))
		if h.samePicture(in) {
			t.Errorf("%x was believed", damaged)
		}
	}
	for i := range packed {
		damaged := slices.Clone(packed)
		damaged[i] ^= 1 << (i % 8)
		try(damaged)
	}
	for n := range packed {
		try(packed[:n])
	}
}

// imprint takes one of a mailbox, now.
func (h *house) imprint(m MailboxID) {
	h.t.Helper()
	h.view(m)
	must(h.t, h.saveImprints(h.t.Context(), true))
}

// A mailbox is the same by its imprint as by its rows, whatever happened before
// and after it was taken, also when it was taken of a view long before it was
// written.
func TestImprintsAgreeWithRows(t *testing.T) {
	t.Parallel()
	h := start(t, t.TempDir(), blob.Options{})
	defer func() { h.stop() }()
	next, exact, caughtUp, refused := AccountID(1), 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		a := next
		next++
		ok(r, h.EnsureAccount(t.Context(), a))
		in, beside := h.boxOf(a, "INBOX"), h.boxOf(a, "Archive")
		var late []imprint
		look := func(r *rapid.T) {
			before := h.modseqOf(in)
			switch {
			case !h.samePicture(in):
				refused++
			case before == h.row(a, "INBOX").ModSeq:
				exact++
			default:
				caughtUp++
			}
		}
		some := func(r *rapid.T) imap.UIDSet {
			first := imap.UID(rapid.Uint32Range(1, 20).Draw(r, "first"))
			return span(first, first+imap.UID(rapid.Uint32Range(0, 5).Draw(r, "more")))
		}
		r.Repeat(map[string]func(*rapid.T){
			"append": func(r *rapid.T) { h.fill(in, rapid.IntRange(1, 5).Draw(r, "n")) },
			"flag": func(r *rapid.T) {
				flag := rapid.SampledFrom(modelFlags).Draw(r, "flag")
				_, err := h.SetFlags(t.Context(), in, some(r), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{flag}})
				ok(r, err)
			},
			"expunge": func(r *rapid.T) {
				set := some(r)
				_, err := h.SetFlags(t.Context(), in, set, FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
				ok(r, err)
				h.imprint(in)
				_, _, err = h.Expunge(t.Context(), in, set)
				ok(r, err)
			},
			"move": func(r *rapid.T) {
				_, err := h.Move(t.Context(), in, some(r), beside)
				ok(r, err)
			},
			"copy": func(r *rapid.T) {
				_, err := h.Copy(t.Context(), beside, some(r), in)
				ok(r, err)
			},
			"forget": func(r *rapid.T) {
				row := h.row(a, "INBOX")
				ok(r, h.db.Write(t.Context(), func(tx *database.Tx) error {
					if _, err := tx.Exec(`UPDATE mailbox SET history_from = ? WHERE id = ?`, int64(row.ModSeq), int64(in)); err != nil {
						return err
					}
					_, err := tx.Exec(`DELETE FROM expunged WHERE mailbox = ?`, int64(in))
					return err
				}))
			},
			"imprint": func(*rapid.T) { h.imprint(in) },
			"take": func(*rapid.T) {
				if one, worth := h.view(in).imprint(false); worth {
					late = append(late, one)
				}
			},
			"write": func(r *rapid.T) {
				ok(r, h.writeImprints(t.Context(), late))
				late = nil
			},
			"look": look, "look again": look,
		})
		look(r)
	})
	if exact == 0 || caughtUp == 0 || refused == 0 {
		t.Errorf("%d imprints were exact, %d brought up to date, %d of no use: not all was tried", exact, caughtUp, refused)
	}
}

// modseqOf is that of a mailbox's imprint; 0: there is none.
func (h *house) modseqOf(m MailboxID) (modseq ModSeq) {
	h.t.Helper()
	must(h.t, h.db.Read(h.t.Context(), func(c *database.Conn) error {
		return c.QueryRow(`SELECT coalesce(max(modseq), 0) FROM imprint WHERE mailbox = ?`, int64(m)).Scan(&modseq)
	}))
	return modseq
}

// What a view holds when the store closes is there at the next start, and goes
// with the mailbox.
func TestImprintsOutliveTheStore(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, archive := h.box("INBOX"), h.box("Archive")
	h.fill(in, 10)
	h.fill(archive, 10)
	h.view(in)
	h.view(archive).Close()
	must(t, h.stop())
	*h = *start(t, h.dir, blob.Options{})
	for _, m := range []MailboxID{in, archive} {
		if !h.samePicture(m) {
			t.Errorf("mailbox %d has no imprint", m)
		}
	}
	must(t, h.DeleteMailbox(t.Context(), alice, "Archive"))
	if n := h.count(`SELECT count(*) FROM imprint`); n != 1 {
		t.Errorf("%d imprints of one mailbox", n)
	}
}

// Views that are dropped for want of room leave an imprint; one that has hardly
// changed is not written again.
func TestImprintsOfDroppedViews(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, archive := h.box("INBOX"), h.box("Archive")
	h.fill(in, 20)
	h.fill(archive, 20)
	h.views.most = 20
	for _, m := range []MailboxID{in, archive} {
		v, err := h.View(t.Context(), m)
		must(t, err)
		v.Close()
	}
	must(t, h.saveImprints(t.Context(), false))
	first := h.modseqOf(archive)
	if h.modseqOf(in) == 0 || first == 0 {
		t.Fatal("no imprint was left")
	}
	h.fill(archive, 1)
	must(t, h.saveImprints(t.Context(), false))
	if h.modseqOf(archive) != first {
		t.Error("an imprint was written for one message")
	}
	h.fill(archive, 5)
	must(t, h.saveImprints(t.Context(), false))
	if h.modseqOf(archive) == first {
		t.Error("much has changed, and the imprint is the old one")
	}
}

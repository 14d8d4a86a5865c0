package store

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/store/blob"
)

func (h *house) rowUIDs(m MailboxID, set imap.UIDSet, cols Columns) (got []imap.UID) {
	h.t.Helper()
	must(h.t, h.Rows(h.t.Context(), m, set, cols, func(r *Row) error {
		got = append(got, r.UID)
		return nil
	}))
	return got
}

func TestRowsOfAnySet(t *testing.T) {
	t.Parallel()
	const n = 3*batchRows + 7
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, n)
	h.set(in, uids(10, 11, 300), imap.StoreFlagsAdd, imap.FlagDeleted)
	_, _, err := h.Expunge(t.Context(), in, nil)
	must(t, err)
	all := h.view(in).Snapshot().UIDs
	sparse := imap.UIDSet{}
	for uid := imap.UID(1); uid < n+50; uid += 3 {
		sparse = appendUID(sparse, uid)
	}
	for name, set := range map[string]imap.UIDSet{
		"all": allUIDs(), "star": {{Start: 5, Stop: 0}}, "one": uids(7), "gone": uids(10), "none": {},
		"sparse": sparse, "mixed": {{Start: 3, Stop: 3}, {Start: 9, Stop: 12}, {Start: 200, Stop: 600}, {Start: 601, Stop: 601}},
	} {
		var want []imap.UID
		for _, uid := range all {
			if set.Contains(uid) {
				want = append(want, uid)
			}
		}
		if got := h.rowUIDs(in, set, WithHeader); !slices.Equal(got, want) {
			t.Errorf("%s: %d rows, want %d", name, len(got), len(want))
		}
	}
}

// Large rows are read in small batches: memory does not grow with their size.
func TestRowsAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	prefix := []byte("X-Long: " + strings.Repeat("x", batchBytes/4) + "\r\n")
	var b Batch
	for n := range 12 {
		b.Messages = append(b.Messages, NewMessage{Mailbox: in, Raw: letter(n), Prefix: prefix})
	}
	_, err := h.Append(t.Context(), b)
	must(t, err)
	read := newBatch(WithHeader)
	for name, walk := range map[string]*cursor{
		"range": {rest: ranges(allUIDs(), maxUID)},
		"list":  {rest: ranges(uids(1, 3, 5, 7, 9, 11), maxUID)},
	} {
		var sizes []int
		for len(walk.rest) > 0 {
			must(t, h.db.Read(t.Context(), func(c *database.Conn) error { return read.read(c, in, walk) }))
			sizes = append(sizes, len(read.rows))
		}
		if want := map[string][]int{"range": {4, 4, 4, 0}, "list": {4, 2}}[name]; !slices.Equal(sizes, want) {
			t.Errorf("%s: batches of %v", name, sizes)
		}
	}
}

func TestRowsReadWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	prefix := []byte("Received: here\r\n")
	_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: in, Raw: letter(0), Prefix: prefix}}})
	must(t, err)
	for cols := range 2 * Bare {
		must(t, h.Rows(t.Context(), in, uids(1), cols, func(r *Row) error {
			for column, there := range map[Columns]bool{
				WithEnvelope: r.Envelope != nil, WithBodyStructure: r.BodyStructure != nil,
				WithHeader: r.Header != nil, WithHeader | WithBody: r.Prefix != nil, WithPreview: r.Preview != "",
				WithParts: r.Parts != nil, WithSaved: !r.Saved.IsZero(), WithBody: r.at.Length > 0 && r.hash != (blob.Hash{}),
			} {
				if there != (cols&column != 0) {
					t.Errorf("asked for %b: %b is %v", cols, column, there)
				}
			}
			if r.UID != 1 || r.Message == 0 {
				t.Errorf("asked for %b: %+v", cols, r)
			}
			if cols&Bare == 0 && (r.Thread == 0 || r.Size != int64(len(letter(0))+len(prefix)) || r.Received.IsZero()) {
				t.Errorf("asked for %b: %+v", cols, r)
			}
			return nil
		}))
	}
	boom := errors.New("boom")
	if err := h.Rows(t.Context(), in, allUIDs(), 0, func(*Row) error { return boom }); err != boom {
		t.Errorf("%v", err)
	}
}

// A row's fn may do what it likes: no transaction is open and no lock held.
func TestRowsHoldNothing(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 3)
	must(t, h.Rows(t.Context(), in, allUIDs(), 0, func(r *Row) error {
		h.set(in, uids(r.UID), imap.StoreFlagsAdd, imap.FlagSeen)
		if got := h.rowUIDs(in, allUIDs(), 0); len(got) != 3 {
			t.Errorf("%v", got)
		}
		return nil
	}))
}

func TestBody(t *testing.T) {
	t.Parallel()
	h := build(t)
	raw, prefix := bytes.Repeat(letter(1), 5000), []byte("Prefix: 1\r\n")
	added, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: h.box("INBOX"), Raw: raw, Prefix: prefix}}})
	must(t, err)
	b, err := h.OpenBody(t.Context(), added[0].Message)
	must(t, err)
	defer b.Close()
	whole := slices.Concat(prefix, raw)
	if b.Size() != int64(len(whole)) || b.PrefixLen() != int64(len(prefix)) {
		t.Errorf("size %d, prefix %d", b.Size(), b.PrefixLen())
	}
	got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	if err != nil || !bytes.Equal(got, whole) {
		t.Errorf("read %d bytes (%v)", len(got), err)
	}
	for _, r := range [][2]int{{0, 5}, {5, 20}, {11, 11}, {11, 30}, {len(whole) - 3, len(whole)}, {100_000, 100_100}} {
		p := make([]byte, r[1]-r[0])
		if n, err := b.ReadAt(p, int64(r[0])); n != len(p) || err != nil && err != io.EOF || !bytes.Equal(p, whole[r[0]:r[1]]) {
			t.Errorf("%v: %d bytes (%v)", r, n, err)
		}
	}
	p := make([]byte, 10)
	if n, err := b.ReadAt(p, b.Size()-4); n != 4 || err != io.EOF {
		t.Errorf("across the end: %d (%v)", n, err)
	}
	if n, err := b.ReadAt(p, b.Size()+4); n != 0 || err != io.EOF {
		t.Errorf("behind the end: %d (%v)", n, err)
	}
	if _, err := b.ReadAt(p, -1); err == nil {
		t.Error("before the start")
	}
	if _, err := h.OpenBody(t.Context(), 999); !errors.Is(err, ErrNoMessage) {
		t.Errorf("%v", err)
	}
}

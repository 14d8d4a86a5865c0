package imapd

import (
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"pgregory.net/rapid"
)

// Sets of uids, as RFC 7162 needs them, against the same sets written out.
func TestUIDSetArithmetic(t *testing.T) {
	t.Parallel()
	const last = 40
	rapid.Check(t, func(t *rapid.T) {
		uids := rapid.SliceOfDistinct(rapid.Uint32Range(1, last), rapid.ID[uint32])
		set := func(label string) (imap.UIDSet, map[uint32]bool) {
			list := uids.Draw(t, label)
			slices.Sort(list)
			var n numbers
			in := map[uint32]bool{}
			for _, u := range list {
				n.add(u)
				in[u] = true
			}
			return n.uidSet(), in
		}
		a, inA := set("a")
		b, inB := set("b")
		var mailbox []imap.UID
		for u := range uint32(last + 1) {
			if inB[u] {
				mailbox = append(mailbox, imap.UID(u))
			}
		}
		common, rest := intersect(a, b), without(a, mailbox)
		count := 0
		for u := range uint32(last + 1) {
			if got, want := containsUID(common, imap.UID(u)), inA[u] && inB[u]; got != want {
				t.Errorf("%d in %v and %v: %t", u, a, b, got)
			}
			if got, want := containsUID(rest.uidSet(), imap.UID(u)), inA[u] && !inB[u]; got != want {
				t.Errorf("%d in %v without %v: %t", u, a, b, got)
			}
			if inA[u] && !inB[u] {
				count++
			}
		}
		if rest.count != count {
			t.Errorf("%v without %v has %d uids, not %d", a, b, rest.count, count)
		}
	})
}

// Match data is read in the order in which it stands, as far as it agrees.
func TestResyncAgreed(t *testing.T) {
	t.Parallel()
	sel := &selected{uids: []imap.UID{3, 6, 9, 12, 15}}
	for _, test := range []struct {
		data string
		want imap.UID
	}{
		{"", 0},
		{" (1 3)", 3},
		{" (1:3 3,6,9)", 9},
		{" (1:3 3,7,9)", 3},
		{" (1,5 3,15)", 15},
		{" (1,5 3)", 3},
		{" (5,6 15,18)", 15},
		{" (2 3)", 0},
		{" (* 15)", 0},
		{" (4294967295 4294967295)", 0},
	} {
		d := decoderOf(" (1 1" + test.data + ")\r\n")
		q := readResync(d)
		if err := d.End(); err != nil {
			t.Errorf("%s: %v", test.data, err)
		}
		if got := q.agreed(sel); got != test.want {
			t.Errorf("%s agrees up to %d, want %d", test.data, got, test.want)
		}
	}
}

// Whatever parameters are sent, nothing takes longer than the mailbox is long.
func FuzzSelectParameters(f *testing.F) {
	for _, in := range []string{
		" (CONDSTORE)", " (QRESYNC (1 2))", " (CONDSTORE QRESYNC (7 20 1:5,9 (1,2 3,4)))", " (QRESYNC (7 20 (1:4294967295 1:4294967295)))",
	} {
		f.Add(in)
	}
	sel := &selected{uids: []imap.UID{1, 2, 5}}
	f.Fuzz(func(t *testing.T, in string) {
		s := &session{agreed: agreed{qresync: true}}
		d := decoderOf(in + "\r\n")
		p := s.selectParameters(d)
		if d.End() != nil || p.resync == nil {
			return
		}
		if agreed := p.resync.agreed(sel); agreed != 0 && !slices.Contains(sel.uids, agreed) {
			t.Errorf("%q agrees up to %d", in, agreed)
		}
	})
}

// Modifiers of FETCH and STORE, and the key of SEARCH: read to the end or
// refused, never half.
func FuzzModSeqSyntax(f *testing.F) {
	for _, in := range []string{
		" (CHANGEDSINCE 7)", " (CHANGEDSINCE 7 VANISHED)", "(UNCHANGEDSINCE 9223372036854775807) ", ` "/flags/\\draft" all 620162338`, " 7",
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s := &session{agreed: agreed{qresync: true}}
		for _, read := range []func(*wire.Decoder){
			func(d *wire.Decoder) {
				if m := s.parseFetchModifiers(d, &call{uid: true}); d.Err() == nil && m.vanished && m.changedSince == nil {
					t.Errorf("%q: VANISHED without CHANGEDSINCE", in)
				}
			},
			func(d *wire.Decoder) {
				if since := parseStoreModifiers(d); d.Err() == nil && since != nil && *since>>63 != 0 {
					t.Errorf("%q: modseq %d", in, *since)
				}
			},
			func(d *wire.Decoder) { readModSeqKey(d) },
		} {
			d := decoderOf(in + "\r\n")
			read(d)
			_ = d.End()
		}
	})
}

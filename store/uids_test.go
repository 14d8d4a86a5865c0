package store

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"pgregory.net/rapid"
)

func TestRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set  imap.UIDSet
		last imap.UID
		want []imap.UIDRange
	}{
		{nil, 10, []imap.UIDRange{}},
		{imap.UIDSet{{Start: 5, Stop: 6}, {Start: 1, Stop: 2}}, 10, []imap.UIDRange{{Start: 1, Stop: 2}, {Start: 5, Stop: 6}}},
		{imap.UIDSet{{Start: 1, Stop: 5}, {Start: 3, Stop: 4}, {Start: 5, Stop: 9}}, 7, []imap.UIDRange{{Start: 1, Stop: 7}}},
		{imap.UIDSet{{Start: 3, Stop: 0}}, 10, []imap.UIDRange{{Start: 3, Stop: 10}}},
		{imap.UIDSet{{Start: 0, Stop: 0}}, 10, []imap.UIDRange{}},
		{imap.UIDSet{{Start: 11, Stop: 20}}, 10, []imap.UIDRange{}},
		{imap.UIDSet{{Start: 9, Stop: maxUID}}, maxUID, []imap.UIDRange{{Start: 9, Stop: maxUID}}},
	} {
		if got := ranges(c.set, c.last); !slices.Equal(got, c.want) {
			t.Errorf("%v up to %d became %v", c.set, c.last, got)
		}
	}
}

// walked is every uid of a cursor that a mailbox with the uids exist has, taken
// limit at a time.
func walked(t *rapid.T, c *cursor, exist []imap.UID, limit int) (all []imap.UID) {
	for {
		p, ok := c.next(limit)
		if !ok {
			return all
		}
		n := 0
		for _, uid := range p.uids(t) {
			if !slices.Contains(exist, uid) {
				continue
			}
			all = append(all, uid)
			if n++; n == limit {
				c.resume(uid)
				break
			}
		}
	}
}

func (p piece) uids(t *rapid.T) (all []imap.UID) {
	if p.list != nil {
		if err := json.Unmarshal(p.list, &all); err != nil {
			t.Fatalf("%s: %v", p.list, err)
		}
		return all
	}
	for uid := p.Start; uid <= p.Stop; uid++ {
		all = append(all, uid)
	}
	return all
}

// However a set is cut into pieces, and wherever the walk is interrupted, each
// uid comes once and in order.
func TestCursor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var set imap.UIDSet
		for range rapid.IntRange(0, 20).Draw(t, "ranges") {
			from := rapid.Uint32Range(1, 200).Draw(t, "from")
			set = append(set, imap.UIDRange{Start: imap.UID(from), Stop: imap.UID(from + rapid.Uint32Range(0, 15).Draw(t, "length"))})
		}
		exist := rapid.SliceOfDistinct(rapid.Uint32Range(1, 220), rapid.ID).Draw(t, "exist")
		var there, want []imap.UID
		for _, uid := range exist {
			there = append(there, imap.UID(uid))
		}
		slices.Sort(there)
		for _, uid := range there {
			if slices.ContainsFunc(set, func(r imap.UIDRange) bool { return r.Start <= uid && uid <= r.Stop }) {
				want = append(want, uid)
			}
		}
		c := &cursor{rest: ranges(set, maxUID)}
		if got := walked(t, c, there, rapid.IntRange(1, 30).Draw(t, "limit")); !slices.Equal(got, want) {
			t.Fatalf("walked %v, want %v", got, want)
		}
	})
}

func TestAppendSet(t *testing.T) {
	t.Parallel()
	got := appendSet(appendSet(nil, span(1, 3)), imap.UIDSet{{Start: 4, Stop: 5}, {Start: 9, Stop: 9}})
	if want := (imap.UIDSet{{Start: 1, Stop: 5}, {Start: 9, Stop: 9}}); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

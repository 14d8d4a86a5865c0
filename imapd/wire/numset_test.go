package wire

import (
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNumSet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		last imap.UID
		want imap.UIDSet
	}{
		{"1", 9, imap.UIDSet{{Start: 1, Stop: 1}}},
		{"7:8,5", 9, imap.UIDSet{{Start: 5, Stop: 5}, {Start: 7, Stop: 8}}},
		{"5:3", 9, imap.UIDSet{{Start: 3, Stop: 5}}},
		{"1:4,2:3,4:6,7", 9, imap.UIDSet{{Start: 1, Stop: 7}}},
		{"*", 9, imap.UIDSet{{Start: 9, Stop: 9}}},
		{"*:*", 9, imap.UIDSet{{Start: 9, Stop: 9}}},
		{"3:*", 9, imap.UIDSet{{Start: 3, Stop: 9}}},
		{"*:3", 9, imap.UIDSet{{Start: 3, Stop: 9}}},
		{"12:*", 9, imap.UIDSet{{Start: 9, Stop: 12}}}, // RFC 9051 section 9, seq-range: the order does not matter
		{"4294967295,4294967294", 9, imap.UIDSet{{Start: 4294967294, Stop: 4294967295}}},
		{"4294967295,1:4294967295", 9, imap.UIDSet{{Start: 1, Stop: 4294967295}}},
		{"*", 0, nil},
		{"1:*", 0, nil},
		{"3,*", 0, imap.UIDSet{{Start: 3, Stop: 3}}},
	}
	for _, test := range tests {
		d := decoderOf(test.in + " ")
		set := d.NumSet()
		if d.Err() != nil || set.Saved {
			t.Errorf("%s: %v", test.in, d.Err())
		}
		if diff := cmp.Diff(test.want, set.UIDs(test.last)); diff != "" {
			t.Errorf("%s with %d: %s", test.in, test.last, diff)
		}
	}
	if d := decoderOf("$ "); !d.NumSet().Saved || d.Err() != nil {
		t.Errorf("$ is not the saved result: %v", d.Err())
	}
	for _, in := range []string{"", "0", "1,", "1:", ":1", "1:0", "a", "1,,2", "**", "4294967296", "-1"} {
		d := decoderOf(in + "\r\n")
		if d.NumSet(); d.End() == nil {
			t.Errorf("%q is taken for a set", in)
		}
	}
}

// resolved checks a set against its definition.
func resolved(t interface{ Errorf(string, ...any) }, set NumSet, last uint32) {
	got := set.Seqs(last)
	for i, r := range got {
		if r.Start == 0 || r.Stop < r.Start || i > 0 && r.Start-1 <= got[i-1].Stop {
			t.Errorf("%v with %d: %v is not normal", set, last, got)
		}
	}
	contains := func(n uint32) bool {
		for _, r := range set.Ranges {
			first, to := r.First, r.Last
			if first == Star {
				first = last
			}
			if to == Star {
				to = last
			}
			if first != 0 && to != 0 && min(first, to) <= n && n <= max(first, to) {
				return true
			}
		}
		return false
	}
	probe := []uint32{1, last, 1<<32 - 1}
	for _, r := range set.Ranges {
		probe = append(probe, r.First, r.First+1, r.First-1, r.Last, r.Last+1, r.Last-1)
	}
	for _, n := range probe {
		if n != 0 && got.Contains(n) != contains(n) {
			t.Errorf("%v with %d: %d is in it: %t", set, last, n, got.Contains(n))
		}
	}
}

func TestNumSetResolves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Uint32Range(0, 12), rapid.Uint32Min(1<<32-4))
		var set NumSet
		for range rapid.IntRange(1, 8).Draw(t, "ranges") {
			set.Ranges = append(set.Ranges, NumRange{number.Draw(t, "first"), number.Draw(t, "last")})
		}
		resolved(t, set, number.Draw(t, "largest"))
	})
}

func FuzzNumSet(f *testing.F) {
	for _, seed := range []string{"1", "1:*", "*:4,2", "$", "4294967295:*", "1,,", "7:8,5"} {
		f.Add(seed, uint32(3))
	}
	f.Fuzz(func(t *testing.T, text string, last uint32) {
		d := decoderOf(strings.NewReplacer("\r", "", "\n", "").Replace(text) + "\r\n")
		if set := d.NumSet(); d.End() == nil {
			resolved(t, set, last)
		}
	})
}

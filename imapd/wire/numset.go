package wire

import (
	"cmp"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// A NumSet is a sequence-set (RFC 9051 section 9) as the client wrote it: in
// any order, overlapping, with "*" unresolved.
type NumSet struct {
	Saved  bool // "$": the result of the last search (RFC 5182)
	Ranges []NumRange
}

// A NumRange runs from First to Last in either direction; Star stands for "*".
type NumRange struct{ First, Last uint32 }

// Star is "*", the largest number in use. No message has it.
const Star = 0

// NumSet reads a sequence-set or "$".
func (d *Decoder) NumSet() NumSet {
	if d.Accept('$') {
		return NumSet{Saved: true}
	}
	var s NumSet
	for {
		r := NumRange{First: d.setNumber()}
		r.Last = r.First
		if d.Accept(':') {
			r.Last = d.setNumber()
		}
		s.Ranges = append(s.Ranges, r)
		if !d.Accept(',') {
			break
		}
	}
	if d.err != nil {
		return NumSet{}
	}
	return s
}

func (d *Decoder) setNumber() uint32 {
	if d.Accept('*') {
		return Star
	}
	n := uint32(d.number(32, "a message number or *"))
	if n == 0 {
		d.Fail("a message number above zero")
	}
	return n
}

// Seqs resolves the set to sequence numbers, ascending and without overlaps.
// last is the number of messages, which "*" stands for; with none, ranges with
// "*" are left out. Numbers above last are kept: they are the caller's to
// refuse.
func (s NumSet) Seqs(last uint32) imap.SeqSet {
	var set imap.SeqSet
	for _, r := range s.resolve(last) {
		set = append(set, imap.SeqRange{Start: r.First, Stop: r.Last})
	}
	return set
}

// UIDs resolves the set to uids, ascending and without overlaps. last is the
// highest uid in the mailbox, which "*" stands for; with none, ranges with "*"
// are left out.
func (s NumSet) UIDs(last imap.UID) imap.UIDSet {
	var set imap.UIDSet
	for _, r := range s.resolve(uint32(last)) {
		set = append(set, imap.UIDRange{Start: imap.UID(r.First), Stop: imap.UID(r.Last)})
	}
	return set
}

// resolve puts last for Star, sorts and merges.
func (s NumSet) resolve(last uint32) []NumRange {
	var ranges []NumRange
	for _, r := range s.Ranges {
		if r.First == Star {
			r.First = last
		}
		if r.Last == Star {
			r.Last = last
		}
		if r.First > r.Last {
			r.First, r.Last = r.Last, r.First
		}
		if r.First > 0 {
			ranges = append(ranges, r)
		}
	}
	slices.SortFunc(ranges, func(a, b NumRange) int { return cmp.Compare(a.First, b.First) })
	merged := ranges[:0]
	for _, r := range ranges {
		// One below avoids an overflow behind the largest number.
		if n := len(merged); n > 0 && r.First-1 <= merged[n-1].Last {
			merged[n-1].Last = max(merged[n-1].Last, r.Last)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

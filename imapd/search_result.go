package imapd

import (
	"slices"
	"strconv"

	"github.com/emersion/go-imap/v2"
)

// A result is what a search has found.
type result struct {
	seqs, uids numbers    // in the order of the mailbox
	order      []imap.UID // in the order of SORT; nil: that of the mailbox
	scores     []uint8    // of FUZZY, in the order of the mailbox
}

func (r *result) add(seq uint32, uid imap.UID) {
	r.seqs.add(seq)
	r.uids.add(uint32(uid))
}

// list gives the numbers in the order of the result.
func (r *result) list(uid bool) numberList {
	switch {
	case r.order == nil && uid:
		return numberList{ranges: r.uids}
	case r.order == nil:
		return numberList{ranges: r.seqs}
	}
	l := numberList{sorted: make([]uint32, 0, len(r.order)), ordered: true}
	seqs := map[imap.UID]uint32{}
	if !uid {
		seqs = r.seqByUID()
	}
	for _, u := range r.order {
		if n := uint32(u); uid {
			l.sorted = append(l.sorted, n)
		} else {
			l.sorted = append(l.sorted, seqs[u])
		}
	}
	return l
}

func (r *result) seqByUID() map[imap.UID]uint32 {
	seqs := make(map[imap.UID]uint32, r.uids.count)
	next := r.seqs.each()
	r.uids.walk(func(uid uint32) { seqs[imap.UID(uid)] = next() })
	return seqs
}

// scoresInOrder returns the scores in the order of the result.
func (r *result) scoresInOrder() []uint8 {
	if r.order == nil {
		return r.scores
	}
	by, i := map[imap.UID]uint8{}, 0
	r.uids.walk(func(uid uint32) {
		by[imap.UID(uid)] = r.scores[i]
		i++
	})
	scores := make([]uint8, len(r.order))
	for i, uid := range r.order {
		scores[i] = by[uid]
	}
	return scores
}

// A numberList is numbers in an order: that of the mailbox as ranges, that of SORT
// one by one.
type numberList struct {
	ranges  numbers
	sorted  []uint32
	ordered bool // sorted counts
}

func (l *numberList) count() int {
	if l.ordered {
		return len(l.sorted)
	}
	return l.ranges.count
}

// first and last are of a numberList that is not empty.
func (l *numberList) first() uint32 {
	if l.ordered {
		return l.sorted[0]
	}
	return l.ranges.min()
}

func (l *numberList) last() uint32 {
	if l.ordered {
		return l.sorted[len(l.sorted)-1]
	}
	return l.ranges.max()
}

// cut returns the numbers at the places from one on and before another.
func (l *numberList) cut(from, to int) numberList {
	if l.ordered {
		return numberList{sorted: l.sorted[from:to], ordered: true}
	}
	return numberList{ranges: l.ranges.cut(from, to)}
}

// set is the numbers as an ascending set of uids.
func (l *numberList) set() *numbers {
	if !l.ordered {
		return &l.ranges
	}
	n := &numbers{}
	for _, num := range slices.Compact(slices.Sorted(slices.Values(l.sorted))) {
		n.add(num)
	}
	return n
}

// walk calls fn with each number, in order.
func (l *numberList) walk(fn func(uint32)) {
	if !l.ordered {
		l.ranges.walk(fn)
		return
	}
	for _, n := range l.sorted {
		fn(n)
	}
}

// appendTo appends the sequence-set in wire form; not of none. Only numbers that
// ascend one by one make a range (RFC 5267 section 3.2).
func (l *numberList) appendTo(b []byte) []byte {
	if !l.ordered {
		return l.ranges.appendTo(b)
	}
	for i := 0; i < len(l.sorted); {
		end := i + 1
		for end < len(l.sorted) && l.sorted[end] == l.sorted[end-1]+1 {
			end++
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(l.sorted[i]), 10)
		if end-i > 1 {
			b = strconv.AppendUint(append(b, ':'), uint64(l.sorted[end-1]), 10)
		}
		i = end
	}
	return b
}

// walk calls fn with each number, ascending.
func (n *numbers) walk(fn func(uint32)) {
	for _, r := range n.ranges {
		for num := uint64(r.first); num <= uint64(r.last); num++ {
			fn(uint32(num))
		}
	}
}

// each returns a function that yields one number after the other.
func (n *numbers) each() (next func() uint32) {
	at, i := uint32(0), -1
	return func() uint32 {
		if i < 0 || at == n.ranges[i].last {
			i++
			at = n.ranges[i].first
			return at
		}
		at++
		return at
	}
}

// cut returns the numbers at the places from one on and before another.
func (n *numbers) cut(from, to int) numbers {
	var some numbers
	place := 0
	for _, r := range n.ranges {
		size := int(r.last-r.first) + 1
		first, end := max(from-place, 0), min(to-place, size)
		if first < end {
			some.addRange(uint64(r.first)+uint64(first), uint64(r.first)+uint64(end)-1)
		}
		place += size
	}
	return some
}

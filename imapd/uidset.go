package imapd

import (
	"strconv"

	"github.com/emersion/go-imap/v2"
)

// spanOf covers uids that stand side by side in a mailbox, ascending.
func spanOf(uids []imap.UID) imap.UIDSet {
	if len(uids) == 0 {
		return nil
	}
	return imap.UIDSet{{Start: uids[0], Stop: uids[len(uids)-1]}}
}

// numbers collects ascending numbers, uids or sequence numbers, in the form of
// a sequence-set.
type numbers struct {
	ranges []numRange
	count  int
}

type numRange struct{ first, last uint32 }

// add takes a number above all that are in.
func (n *numbers) add(num uint32) {
	n.count++
	if k := len(n.ranges); k > 0 && n.ranges[k-1].last+1 == num {
		n.ranges[k-1].last = num
		return
	}
	n.ranges = append(n.ranges, numRange{num, num})
}

// min and max are 0 when there are none.
func (n *numbers) min() uint32 {
	if n.count == 0 {
		return 0
	}
	return n.ranges[0].first
}

func (n *numbers) max() uint32 {
	if n.count == 0 {
		return 0
	}
	return n.ranges[len(n.ranges)-1].last
}

// uidSet is the collection as uids.
func (n *numbers) uidSet() imap.UIDSet {
	set := make(imap.UIDSet, len(n.ranges))
	for i, r := range n.ranges {
		set[i] = imap.UIDRange{Start: imap.UID(r.first), Stop: imap.UID(r.last)}
	}
	return set
}

// appendTo appends the sequence-set in wire form; not of none.
func (n *numbers) appendTo(b []byte) []byte {
	for i, r := range n.ranges {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(r.first), 10)
		if r.last > r.first {
			b = strconv.AppendUint(append(b, ':'), uint64(r.last), 10)
		}
	}
	return b
}

// containsUID is UIDSet.Contains for a set in ascending order, without walking
// it.
func containsUID(set imap.UIDSet, uid imap.UID) bool {
	lo, hi := 0, len(set)
	for lo < hi {
		mid := (lo + hi) / 2
		if set[mid].Stop < uid {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(set) && set[lo].Start <= uid
}

package imapd

import (
	"slices"
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

// addRange takes the numbers from first to last, all above those that are in;
// none when last is less.
func (n *numbers) addRange(first, last uint64) {
	if last < first {
		return
	}
	n.add(uint32(first))
	n.ranges[len(n.ranges)-1].last = uint32(last)
	n.count += int(last - first)
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

// intersect is what two ascending sets have in common.
func intersect(a, b imap.UIDSet) imap.UIDSet {
	var common imap.UIDSet
	for len(a) > 0 && len(b) > 0 {
		r := imap.UIDRange{Start: max(a[0].Start, b[0].Start), Stop: min(a[0].Stop, b[0].Stop)}
		if r.Start <= r.Stop {
			common = append(common, r)
		}
		if a[0].Stop < b[0].Stop {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return common
}

// without is what an ascending set has beside uids.
func without(set imap.UIDSet, uids []imap.UID) *numbers {
	rest := &numbers{}
	for _, r := range set {
		i, _ := slices.BinarySearch(uids, r.Start)
		from := uint64(r.Start)
		for ; i < len(uids) && uids[i] <= r.Stop; i++ {
			rest.addRange(from, uint64(uids[i])-1)
			from = uint64(uids[i]) + 1
		}
		rest.addRange(from, uint64(r.Stop))
	}
	return rest
}

// goneFrom is the uids that were and are not any more.
func goneFrom(before, now []imap.UID) *numbers {
	gone := &numbers{}
	for _, uid := range before {
		for len(now) > 0 && now[0] < uid {
			now = now[1:]
		}
		if len(now) == 0 || now[0] != uid {
			gone.add(uint32(uid))
		}
	}
	return gone
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

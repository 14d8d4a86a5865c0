package store

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/emersion/go-imap/v2"
)

const maxUID = imap.UID(math.MaxUint32)

// allUIDs is every uid there may be.
func allUIDs() imap.UIDSet { return imap.UIDSet{{Start: 1, Stop: maxUID}} }

// appendUID adds a uid greater than all in the set.
func appendUID(set imap.UIDSet, uid imap.UID) imap.UIDSet {
	if n := len(set); n > 0 && set[n-1].Stop+1 == uid {
		set[n-1].Stop = uid
		return set
	}
	return append(set, imap.UIDRange{Start: uid, Stop: uid})
}

// ranges returns the set's ranges ascending, merged, and none beyond last.
// "n:*" reaches to last; a "*" alone is the session's to resolve and is left out.
func ranges(set imap.UIDSet, last imap.UID) []imap.UIDRange {
	sorted := make([]imap.UIDRange, 0, len(set))
	for _, r := range set {
		if r.Stop == 0 || r.Stop > last {
			r.Stop = last
		}
		if r.Start != 0 && r.Start <= r.Stop {
			sorted = append(sorted, r)
		}
	}
	if !slices.IsSortedFunc(sorted, byStart) {
		slices.SortFunc(sorted, byStart)
	}
	merged := sorted[:0]
	for _, r := range sorted {
		if n := len(merged); n > 0 && r.Start <= merged[n-1].Stop {
			merged[n-1].Stop = max(merged[n-1].Stop, r.Stop)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

func byStart(a, b imap.UIDRange) int { return cmp.Compare(a.Start, b.Start) }

// A piece is as much of a uid set as one query takes: a range, or scattered uids
// between its ends as a JSON array.
type piece struct {
	imap.UIDRange
	list []byte
}

// where is the piece as a condition on the column uid, with its arguments.
func (p piece) where() (condition string, args []any) {
	if p.list != nil {
		return `uid IN (SELECT value FROM json_each(?))`, []any{string(p.list)}
	}
	return `uid BETWEEN ? AND ?`, []any{int64(p.Start), int64(p.Stop)}
}

// A cursor walks a uid set in pieces.
type cursor struct {
	rest []imap.UIDRange // not walked yet; owned
	last []imap.UIDRange // rest as it was before the last piece
}

// shortRange is how many uids a range may span to be listed rather than
// scanned: asking for some that do not exist costs less than another query.
const shortRange = 8

// next returns a piece. A list has about limit uids at most; a range may hold
// any number of messages: whoever stops within a piece says so with resume.
func (c *cursor) next(limit int) (piece, bool) {
	if len(c.rest) == 0 {
		return piece{}, false
	}
	c.last = c.rest
	first := c.rest[0]
	if len(c.rest) == 1 || !short(first) || !short(c.rest[1]) {
		c.rest = c.rest[1:]
		return piece{UIDRange: first}, true
	}
	p := piece{UIDRange: first, list: []byte{'['}}
	for n := 0; len(c.rest) > 0 && short(c.rest[0]); c.rest = c.rest[1:] {
		r := c.rest[0]
		if n += int(r.Stop-r.Start) + 1; n > limit && p.Stop < r.Start {
			break
		}
		p.Stop = r.Stop
		p.list = appendList(p.list, r)
	}
	p.list[len(p.list)-1] = ']'
	return p, true
}

func short(r imap.UIDRange) bool { return r.Stop-r.Start < shortRange }

// appendList writes the uids of r, each with a comma after it.
func appendList(b []byte, r imap.UIDRange) []byte {
	for uid := uint64(r.Start); uid <= uint64(r.Stop); uid++ {
		b = strconv.AppendUint(b, uid, 10)
		b = append(b, ',')
	}
	return b
}

// resume goes back to what lies behind uid in the last piece.
func (c *cursor) resume(uid imap.UID) {
	c.rest = c.last
	for len(c.rest) > 0 && c.rest[0].Stop <= uid {
		c.rest = c.rest[1:]
	}
	if len(c.rest) > 0 && c.rest[0].Start <= uid {
		c.rest[0].Start = uid + 1
	}
}

// appendSet adds a set whose uids are all greater.
func appendSet(set, more imap.UIDSet) imap.UIDSet {
	if len(set) == 0 {
		return more
	}
	if n := len(set) - 1; len(more) > 0 && set[n].Stop+1 == more[0].Start {
		set[n].Stop = more[0].Stop
		more = more[1:]
	}
	return append(set, more...)
}

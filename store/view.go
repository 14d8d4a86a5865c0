package store

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
)

// A View is the shared picture of one mailbox in memory: uid, flags and modseq
// in arrays, some 20 bytes a message, loaded once, updated on each commit, kept
// for a while after the last session closed it. Safe for concurrent use.
type View struct {
	store  *Store
	id     MailboxID
	users  int           // guarded by the registry
	loaded chan struct{} // closed when the load ended
	err    error         // of the load; read after loaded

	mu       sync.RWMutex
	ready    bool
	queue    []*change // commits that came while it was loading
	row      mailboxRow
	uids     []imap.UID // what lies within len is never written again: snapshots share it
	flags    []Flags    // parallel to uids
	modseqs  []ModSeq   // parallel to uids
	words    vocabulary
	grants   acl
	readers  map[AccountID]*reader // those who have a \Seen of their own
	trail    trail
	expunges uint64
	gone     bool
	kept     ModSeq // of the imprint in the database; 0: there is none
	changes  int    // since then, in messages
}

// A Snapshot is a View at one moment. UIDs is shared and must not be written;
// a later Snapshot after mere arrivals begins with the same uids.
type Snapshot struct {
	UIDs     []imap.UID // ascending: the sequence numbers are the positions + 1
	UIDNext  imap.UID
	ModSeq   ModSeq // every change up to here is in
	Expunges uint64 // grows with each expunge: equal numbers mean that only arrivals lie between
	Keywords int    // number of keywords: a larger one means new FLAGS to announce
	Gone     bool   // the mailbox was deleted
}

// Entry is one message of a view, as it is now.
type Entry struct {
	UID    imap.UID
	Flags  Flags
	ModSeq ModSeq
}

// Mailbox returns the row as it is after the last commit (name, counters).
// Subscribed and HasChildren are known to Store.Mailbox only.
func (v *View) Mailbox() Mailbox {
	v.mu.RLock()
	defer v.mu.RUnlock()
	m := v.row.Mailbox
	m.Recent = uint32(len(v.uids) - position(v.uids, 0, v.row.recentFrom))
	return m
}

// Snapshot copies nothing.
func (v *View) Snapshot() Snapshot {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return Snapshot{
		UIDs:     v.uids[:len(v.uids):len(v.uids)],
		UIDNext:  v.row.UIDNext,
		ModSeq:   v.row.ModSeq,
		Expunges: v.expunges,
		Keywords: len(v.words),
		Gone:     v.gone,
	}
}

// Rights returns what an account may do with the mailbox now.
func (v *View) Rights(who AccountID) Rights {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.grants.rights(who, v.row.Account)
}

// Entry returns a message's flags and modseq; false when it is expunged.
func (v *View) Entry(uid imap.UID) (Entry, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	i := position(v.uids, 0, uid)
	if i == len(v.uids) || v.uids[i] != uid {
		return Entry{}, false
	}
	return v.entry(i), true
}

func (v *View) entry(i int) Entry { return Entry{v.uids[i], v.flags[i], v.modseqs[i]} }

// Entries appends to dst the entries of the uids (ascending) that still exist:
// one lock for many.
func (v *View) Entries(dst []Entry, uids []imap.UID) []Entry {
	v.mu.RLock()
	defer v.mu.RUnlock()
	v.among(uids, func(i int) { dst = append(dst, v.entry(i)) })
	return dst
}

// ChangedAfter returns when the first change after a modseq was committed, to
// measure how late others hear of it; zero when there was none.
func (v *View) ChangedAfter(since ModSeq) time.Time {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.trail.after(since)
}

// Changed appends the entries among uids (ascending) with a modseq above since.
func (v *View) Changed(dst []Entry, uids []imap.UID, since ModSeq) []Entry {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.row.ModSeq <= since {
		return dst
	}
	if recent, ok := v.trail.since(since); ok {
		// Few changes and perhaps many messages: look for each of the few.
		uids = slices.DeleteFunc(recent, func(uid imap.UID) bool {
			_, asked := slices.BinarySearch(uids, uid)
			return !asked
		})
	}
	v.among(uids, func(i int) {
		if v.modseqs[i] > since {
			dst = append(dst, v.entry(i))
		}
	})
	return dst
}

// among calls fn with the position of each of the uids (ascending) that exists.
func (v *View) among(uids []imap.UID, fn func(i int)) {
	i := 0
	for _, uid := range uids {
		if i = position(v.uids, i, uid); i == len(v.uids) {
			return
		}
		if v.uids[i] == uid {
			fn(i)
			i++
		}
	}
}

// position returns where a number (a uid, an id) is or would be in ascending
// ones, not before from. It looks nearby first: walking two arrays takes one step
// each.
func position[N ~uint32 | ~int64](ascending []N, from int, n N) int {
	step := 1
	for from+step <= len(ascending) && ascending[from+step-1] < n {
		from += step
		step *= 2
	}
	window := ascending[from:min(from+step, len(ascending))]
	return from + sort.Search(len(window), func(i int) bool { return window[i] >= n })
}

// FlagNames turns a set into names, system flags first.
func (v *View) FlagNames(f Flags) []imap.Flag { return v.vocabulary().names(f) }

// Bits turns names into a set; unknown keywords are left out and ok is false
// then.
func (v *View) Bits(names []imap.Flag) (f Flags, ok bool) { return v.vocabulary().set(names) }

// Keywords returns the mailbox's keywords by bit.
func (v *View) Keywords() []imap.Flag { return slices.Clone(v.vocabulary()) }

func (v *View) vocabulary() vocabulary {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.words
}

// apply brings the view up to date with a commit. It runs on the writer's
// goroutine, in commit order.
func (v *View) apply(c *change) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.ready {
		v.queue = append(v.queue, c)
		return
	}
	v.update(c)
}

// update applies a change unless the load has seen it; v.mu is held.
func (v *View) update(c *change) {
	if c.ModSeq <= v.row.ModSeq {
		return
	}
	recentFrom := v.row.recentFrom // claims are known here first
	v.row = c.mailboxRow
	v.row.recentFrom = max(recentFrom, c.recentFrom)
	v.gone = v.gone || c.gone
	if c.moreWords {
		v.words = c.words
	}
	if c.granted {
		v.grants = c.grants
	}
	v.note(c.readings)
	v.flag(c.flagged)
	v.expunge(c.expunged)
	v.add(c.added)
	v.changes += len(c.flagged) + len(c.expunged) + len(c.added)
	v.trail.record(c)
	v.trail.clock(c.ModSeq)
}

func (v *View) flag(entries []Entry) {
	i := 0
	for _, e := range entries {
		if i = position(v.uids, i, e.UID); i < len(v.uids) && v.uids[i] == e.UID {
			v.flags[i], v.modseqs[i] = e.Flags, e.ModSeq
		}
	}
}

func (v *View) add(entries []Entry) {
	for _, e := range entries {
		v.uids = append(v.uids, e.UID)
		v.flags = append(v.flags, e.Flags)
		v.modseqs = append(v.modseqs, e.ModSeq)
	}
}

// expunge makes a new array of uids: snapshots keep the old one.
func (v *View) expunge(gone []imap.UID) {
	if len(gone) == 0 {
		return
	}
	v.expunges++
	kept := make([]imap.UID, 0, max(len(v.uids)-len(gone), 0))
	from := 0
	keep := func(to int) {
		copy(v.flags[len(kept):], v.flags[from:to])
		copy(v.modseqs[len(kept):], v.modseqs[from:to])
		kept = append(kept, v.uids[from:to]...)
	}
	v.among(gone, func(i int) {
		keep(i)
		from = i + 1
	})
	keep(len(v.uids))
	v.uids, v.flags, v.modseqs = kept, v.flags[:len(kept)], v.modseqs[:len(kept)]
}

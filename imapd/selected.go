package imapd

import (
	"slices"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// selected is what a session has told its client about the mailbox that is
// selected. The view runs ahead of it; updates.go closes the gap.
type selected struct {
	view     *store.Sight
	id       store.MailboxID
	readOnly bool
	rights   store.Rights // that the client was told of

	// uids are the messages that the client knows, by sequence number - 1. The
	// array is shared with the view's snapshots and never written to.
	uids     []imap.UID
	modseq   store.ModSeq // flag changes up to here were told
	settled  store.ModSeq // every change up to here was told, expunges too
	shown    store.ModSeq // the highest of a message that the client was shown
	expunges uint64       // store.Snapshot.Expunges that were told
	keywords int          // number of keywords announced with FLAGS

	// What makes tellHighest speak: expunges were told; the client has just said
	// that it knows of modseqs.
	vanished, announce bool

	// recent are the uids that are \Recent in this session (IMAP4rev1 alone).
	recent imap.UIDSet

	// own are messages that the client has put here and not heard of yet.
	own imap.UIDSet

	// saved is the result that "$" stands for (RFC 5182).
	saved imap.UIDSet

	// live are the results that are kept up to date (RFC 5267).
	live []*liveResult

	// knows are states of messages that the client has heard of though they are
	// younger than modseq: its own STORE. Ascending by uid; see known.
	knows []store.Entry
}

// seqOf returns the sequence number of a uid, 0 when the client does not know
// the message.
func (sel *selected) seqOf(uid imap.UID) uint32 {
	i, ok := slices.BinarySearch(sel.uids, uid)
	if !ok {
		return 0
	}
	return uint32(i) + 1
}

// uidOf returns the uid of a sequence number, which must exist.
func (sel *selected) uidOf(seq uint32) imap.UID { return sel.uids[seq-1] }

// lastUID is the highest uid that the client knows, 0 without any.
func (sel *selected) lastUID() imap.UID {
	if len(sel.uids) == 0 {
		return 0
	}
	return sel.uids[len(sel.uids)-1]
}

// resolve turns a set of the client's into uids: ascending, without overlaps or
// "*", nothing above what the client knows. Sequence numbers must exist, uids
// need not (RFC 9051 section 6.4.9).
func (sel *selected) resolve(set wire.NumSet, isUID bool) (imap.UIDSet, error) {
	switch {
	case set.Saved:
		return sel.saved, nil
	case isUID:
		return upTo(set.UIDs(sel.lastUID()), sel.lastUID()), nil
	}
	var uids imap.UIDSet
	for _, r := range set.Seqs(uint32(len(sel.uids))) {
		if int64(r.Stop) > int64(len(sel.uids)) {
			return nil, bad("there is no message %d", r.Stop)
		}
		// Messages between the two that the client does not know are gone.
		uids = append(uids, imap.UIDRange{Start: sel.uidOf(r.Start), Stop: sel.uidOf(r.Stop)})
	}
	return uids, nil
}

// upTo cuts off what lies above last.
func upTo(set imap.UIDSet, last imap.UID) imap.UIDSet {
	for i, r := range set {
		if r.Start > last {
			return set[:i]
		}
		set[i].Stop = min(r.Stop, last)
	}
	return set
}

// runs calls fn for each run of consecutive messages that the client knows and
// whose uids are in the set: first is the sequence number of uids[0]. The uids
// must not be written. It ends with fn's error.
func (sel *selected) runs(set imap.UIDSet, fn func(first uint32, uids []imap.UID) error) error {
	for _, r := range set {
		from, _ := slices.BinarySearch(sel.uids, r.Start)
		to, found := slices.BinarySearch(sel.uids, r.Stop)
		if found {
			to++
		}
		if from >= to {
			continue
		}
		if err := fn(uint32(from)+1, sel.uids[from:to]); err != nil {
			return err
		}
	}
	return nil
}

// told notes that the client knows the entry as it is, so that the next update
// leaves it out unless it changes again. In ascending order of uids.
func (sel *selected) told(e store.Entry) {
	if e.ModSeq > sel.modseq {
		sel.knows = append(sel.knows, e)
	}
}

// isRecent reports whether the message is \Recent in this session.
func (sel *selected) isRecent(uid imap.UID) bool { return sel.recent.Contains(uid) }

package imapd

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// A resync is the QRESYNC parameter of SELECT (RFC 7162 section 3.2.5): what the
// client knows of the mailbox from an earlier session.
type resync struct {
	uidValidity uint32
	modseq      store.ModSeq
	known       *wire.NumSet // uids; nil: all

	// A sample of sequence numbers and their uids, to tell up to where the
	// client knows of all expunges (section 3.2.5.2). May be empty.
	seqs, uids wire.NumSet
}

// readResync reads the parameter behind its name.
func readResync(d *wire.Decoder) *resync {
	q := &resync{}
	d.SP()
	d.Open()
	q.uidValidity = d.Number()
	d.SP()
	q.modseq = store.ModSeq(d.Number64())
	more := d.Accept(' ')
	if more && d.Peek() != '(' {
		known := d.NumSet()
		q.known = &known
		more = d.Accept(' ')
	}
	if more {
		d.Open()
		q.seqs = d.NumSet()
		d.SP()
		q.uids = d.NumSet()
		d.Close()
	}
	d.Close()
	return q
}

// resync tells what changed since the client knew the mailbox that was just
// selected: expunges, then flags.
func (s *session) resync(ctx context.Context, q *resync) error {
	known := imap.UIDSet{{Start: 1, Stop: s.sel.uidNext() - 1}}
	if q.known != nil {
		known = q.known.UIDs(s.sel.uidNext() - 1)
	}
	if err := s.tellEarlier(ctx, known, q.modseq, q.agreed(s.sel)); err != nil {
		return err
	}
	f := newFetcher(s, []item{{kind: itemFlags, label: "FLAGS"}, {kind: itemModSeq, label: "MODSEQ"}}, true)
	f.since = &q.modseq
	return s.sel.runs(upTo(known, s.sel.lastUID()), func(first uint32, uids []imap.UID) error {
		return f.run(ctx, first, uids)
	})
}

// agreed is the uid up to which the client knows of every expunge, since the
// message still has the number that the client has for it; 0 when that is not
// known.
func (q *resync) agreed(sel *selected) imap.UID {
	var agreed imap.UID
	seqs, uids := newWalk(q.seqs), newWalk(q.uids)
	for {
		seq, ok := seqs.next()
		uid, also := uids.next()
		if !ok || !also || int64(seq) > int64(len(sel.uids)) || sel.uidOf(seq) != imap.UID(uid) {
			return agreed
		}
		agreed = imap.UID(uid)
	}
}

// tellEarlier writes VANISHED (EARLIER) for the uids in the set that were
// expunged after since (RFC 7162 section 3.2.6): from the history, or, when that
// does not reach so far, all that are not there, except up to agreed. Messages
// that are gone but that the client still counts are left to the session's next
// update, which takes them out of the numbering.
func (s *session) tellEarlier(ctx context.Context, set imap.UIDSet, since store.ModSeq, agreed imap.UID) error {
	set = upTo(set, s.sel.uidNext()-1)
	gone, complete, err := s.srv.cfg.Store.Expunged(ctx, s.sel.id, since)
	if err != nil {
		return err
	}
	if !complete {
		gone = imap.UIDSet{{Start: agreed + 1, Stop: s.sel.uidNext() - 1}}
	}
	s.tellVanished("(EARLIER) ", without(intersect(set, gone), s.sel.uids))
	return nil
}

// tellVanished writes a VANISHED response, unless nothing has.
func (s *session) tellVanished(tag string, gone *numbers) {
	if gone.count == 0 {
		return
	}
	s.enc.Text("* VANISHED " + tag)
	s.enc.Bytes(gone.appendTo(nil))
	s.enc.CRLF()
}

// A walk goes through the numbers of a set, which RFC 7162 wants ascending,
// without writing them out: a client may name a range of any size.
type walk struct{ rest []wire.NumRange }

func newWalk(set wire.NumSet) *walk { return &walk{set.Ranges} }

// next returns the next number; false at the end, and at a "*", which is not
// allowed.
func (w *walk) next() (uint32, bool) {
	if len(w.rest) == 0 || w.rest[0].First == wire.Star {
		return 0, false
	}
	n, last := w.rest[0].First, w.rest[0].Last
	if n >= last {
		w.rest = w.rest[1:]
	} else {
		w.rest[0].First++ // the set is the walk's own
	}
	return n, true
}

package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// FlagChange is a STORE. An unknown keyword gets a bit of the mailbox.
type FlagChange struct {
	Op             imap.StoreFlagsOp // set, add, remove
	Flags          []imap.Flag
	Within         Flags     // which may change; 0: all
	By             AccountID // whose \Seen it is; 0: the owner's
	UnchangedSince *ModSeq   // RFC 7162 section 3.1.3; nil: unconditional
}

// FlagResult says what SetFlags did.
type FlagResult struct {
	Changed imap.UIDSet
	Failed  imap.UIDSet // held back by UnchangedSince
	ModSeq  ModSeq      // the highest given; 0 when nothing changed
}

// SetFlags changes flags, in chunks. Messages whose flags did not change get no
// modseq; uids that are gone are passed over. ErrTooManyKeywords. After an error
// the result tells what was done before it.
func (s *Store) SetFlags(ctx context.Context, m MailboxID, uids imap.UIDSet, c FlagChange) (FlagResult, error) {
	var result FlagResult
	walk := &cursor{rest: ranges(uids, maxUID)}
	for len(walk.rest) > 0 {
		var chunk FlagResult
		err := s.write(ctx, func(j *job) (err error) {
			chunk, err = j.setFlags(m, walk, c)
			return err
		})
		if err != nil {
			return result, fmt.Errorf("set flags in mailbox %d: %w", m, err)
		}
		result.add(chunk)
	}
	return result, nil
}

func (r *FlagResult) add(more FlagResult) {
	r.Changed = appendSet(r.Changed, more.Changed)
	r.Failed = appendSet(r.Failed, more.Failed)
	r.ModSeq = max(r.ModSeq, more.ModSeq)
}

// setFlags is one chunk.
func (j *job) setFlags(m MailboxID, walk *cursor, fc FlagChange) (r FlagResult, err error) {
	c, err := j.change(m)
	if err != nil {
		return r, err
	}
	rows, err := j.take(m, walk)
	if err != nil || len(rows) == 0 {
		return r, err
	}
	keep, add, err := j.masks(c, fc)
	if err != nil {
		return r, err
	}
	if fc.Within != 0 {
		keep, add = keep|^fc.Within, add&fc.Within
	}
	apart := c.readsApart(fc.By)
	shared := rows
	if apart {
		rows = slices.Clone(rows)
		if err := j.asRead(c, fc.By, rows); err != nil {
			return r, err
		}
	}
	var read, unread imap.UIDSet
	var added []signal
	for i, e := range rows {
		flags := e.Flags&keep | add
		switch {
		case fc.UnchangedSince != nil && e.ModSeq > *fc.UnchangedSince:
			r.Failed = appendUID(r.Failed, e.UID)
		case flags != e.Flags:
			r.Changed = appendUID(r.Changed, e.UID)
			if more := flags &^ e.Flags &^ (Seen | Flagged | Deleted | Draft); more != 0 {
				added = append(added, signal{e.message, more})
			}
			if apart && (flags^e.Flags)&Seen != 0 {
				if flags&Seen != 0 {
					read = appendUID(read, e.UID)
				} else {
					unread = appendUID(unread, e.UID)
				}
			}
			before := shared[i].Flags
			if apart {
				flags = withSeen(flags, before&Seen != 0)
			}
			c.discount(before, e.size)
			c.count(flags, e.size)
			c.flagged = append(c.flagged, Entry{UID: e.UID, Flags: flags})
		}
	}
	if len(r.Changed) == 0 {
		return r, nil
	}
	if r.ModSeq, err = j.stamp(c); err != nil {
		return r, err
	}
	for i := range c.flagged {
		c.flagged[i].ModSeq = r.ModSeq
	}
	if len(added) > 0 {
		if err := j.signFlags(c, added); err != nil {
			return r, err
		}
	}
	if apart {
		keep, add = keep|Seen, add&^Seen
		if err := j.read(c, fc.By, read, true); err != nil {
			return r, err
		}
		if err := j.read(c, fc.By, unread, false); err != nil {
			return r, err
		}
	}
	return r, j.eachPiece(m, r.Changed, `UPDATE entry SET flags = flags & ? | ?, modseq = ?`, ``,
		int64(keep), int64(add), int64(r.ModSeq))
}

// masks turns a change into what stays of the old flags and what is added.
func (j *job) masks(c *change, fc FlagChange) (keep, add Flags, err error) {
	if fc.Op == imap.StoreFlagsDel {
		words, err := j.vocabulary(c)
		unwanted, _ := words.set(fc.Flags) // an unknown keyword is on no message
		return ^unwanted, 0, err
	}
	if add, err = j.bits(c, fc.Flags); err != nil {
		return 0, 0, err
	}
	if fc.Op == imap.StoreFlagsSet {
		return 0, add, nil
	}
	return ^Flags(0), add, nil
}

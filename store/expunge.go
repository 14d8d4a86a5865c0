package store

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// Expunge removes messages with \Deleted; of uids only when that is not nil. It
// runs in chunks: after an error expunged tells what was done before it.
// highest is the mailbox's modseq after it. Bodies that somebody has open stay
// readable.
func (s *Store) Expunge(ctx context.Context, m MailboxID, uids imap.UIDSet) (expunged imap.UIDSet, highest ModSeq, err error) {
	if uids == nil {
		uids = allUIDs()
	}
	marked, highest, err := s.marked(ctx, m, uids)
	if err != nil {
		return nil, 0, fmt.Errorf("expunge mailbox %d: %w", m, err)
	}
	expunged, modseq, err := s.remove(ctx, m, marked, Deleted, (*job).retire)
	if err != nil {
		return expunged, max(highest, modseq), fmt.Errorf("expunge mailbox %d: %w", m, err)
	}
	return expunged, max(highest, modseq), nil
}

// Empty removes everything from a mailbox that has a uid below next, in chunks; what
// came since somebody looked stays. It can be brought back as what was expunged.
func (s *Store) Empty(ctx context.Context, m MailboxID, next imap.UID) (n int, err error) {
	if next <= 1 {
		return 0, nil
	}
	gone, _, err := s.remove(ctx, m, imap.UIDSet{{Start: 1, Stop: next - 1}}, 0, (*job).retire)
	all, _ := gone.Nums()
	if n = len(all); err != nil {
		return n, fmt.Errorf("empty mailbox %d: %w", m, err)
	}
	return n, nil
}

// marked returns those of the uids that have \Deleted now.
func (s *Store) marked(ctx context.Context, m MailboxID, uids imap.UIDSet) (marked imap.UIDSet, highest ModSeq, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		box, err := readMailbox(c, m)
		if highest = box.ModSeq; err != nil || box.Deleted == 0 {
			return err
		}
		walk := cursor{rest: ranges(uids, maxUID)}
		for {
			p, ok := walk.next(chunkRows)
			if !ok {
				return nil
			}
			where, args := p.where()
			some, err := queryAll(c, scanID, `SELECT uid FROM entry WHERE mailbox = ? AND `+where+` AND flags & ? <> 0 ORDER BY uid`,
				append(append([]any{int64(m)}, args...), int64(Deleted))...)
			if err != nil {
				return err
			}
			for _, uid := range some {
				marked = appendUID(marked, imap.UID(uid))
			}
		}
	})
	return marked, highest, err
}

// remove takes messages out of a mailbox, in chunks: those of uids that have all
// of the flags still. do says what becomes of them.
func (s *Store) remove(ctx context.Context, m MailboxID, uids imap.UIDSet, with Flags,
	do func(j *job, c *change, rows []entryRow, uids imap.UIDSet) error) (removed imap.UIDSet, modseq ModSeq, err error) {
	walk := &cursor{rest: uids}
	for len(walk.rest) > 0 {
		var chunk imap.UIDSet
		err := s.write(ctx, func(j *job) error {
			c, err := j.change(m)
			if err != nil {
				return err
			}
			rows, err := j.take(m, walk)
			if err != nil {
				return err
			}
			rows = having(rows, with)
			chunk = uidsOf(rows)
			if err := do(j, c, rows, chunk); err != nil {
				return err
			}
			modseq = max(modseq, c.ModSeq)
			return nil
		})
		if err != nil {
			return removed, modseq, err
		}
		removed = appendSet(removed, chunk)
	}
	if len(removed) > 0 {
		s.cleaner.shorten(m)
	}
	return removed, modseq, nil
}

func having(rows []entryRow, flags Flags) []entryRow {
	kept := rows[:0]
	for _, e := range rows {
		if e.Flags&flags == flags {
			kept = append(kept, e)
		}
	}
	return kept
}

// drop removes entries and what they count for. Their messages are settled
// behind: they may stand elsewhere still.
func (j *job) drop(c *change, rows []entryRow, uids imap.UIDSet) error {
	if err := j.settleLater(c.ID, uids); err != nil {
		return err
	}
	return j.takeOut(c, rows, uids)
}

// retire removes entries and what they count for. Their messages can be brought
// back for a while.
func (j *job) retire(c *change, rows []entryRow, uids imap.UIDSet) error {
	if err := j.keepRemoved(c.Account, c.ID, c.Name, uids); err != nil {
		return err
	}
	return j.takeOut(c, rows, uids)
}

func (j *job) takeOut(c *change, rows []entryRow, uids imap.UIDSet) error {
	if len(rows) == 0 {
		return nil
	}
	a, err := j.account(c.Account)
	if err != nil {
		return err
	}
	freed := quota.Usage{Messages: -int64(len(rows))}
	for _, e := range rows {
		freed.Bytes -= e.size
	}
	if err := a.use(freed); err != nil {
		return err
	}
	return j.unlist(c, rows, uids)
}

// settleLater notes that the entries with the uids are about to go.
func (j *job) settleLater(m MailboxID, uids imap.UIDSet) error {
	return j.eachPiece(m, uids, `INSERT INTO dropped (message, entries) SELECT message, count(*) FROM entry`,
		` GROUP BY message ON CONFLICT (message) DO UPDATE SET entries = entries + excluded.entries`)
}

// unlist takes entries out of a mailbox and leaves their uids in its history.
func (j *job) unlist(c *change, rows []entryRow, uids imap.UIDSet) error {
	modseq, err := j.stamp(c)
	if err != nil {
		return err
	}
	for _, e := range rows {
		c.discount(e.Flags, e.size)
		c.expunged = append(c.expunged, e.UID)
	}
	err = j.eachPiece(c.ID, uids, `INSERT INTO expunged (mailbox, modseq, uid) SELECT mailbox, ?, uid FROM entry`, ``, int64(modseq))
	if err != nil {
		return err
	}
	if c.OwnSeen {
		if err := j.forgetSeen(c.ID, uids); err != nil {
			return err
		}
	}
	return j.eachPiece(c.ID, uids, `DELETE FROM entry`, ``)
}

package store

import (
	"context"
	"fmt"
	"math"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
)

// historyKept is how many expunged messages a mailbox remembers; historySlack
// how many more there may be before it is shortened.
const (
	historyKept  = 10_000
	historySlack = 2_000
)

// Expunged returns the uids that were expunged after since, from the bounded
// history; complete is false when the history does not reach that far.
func (s *Store) Expunged(ctx context.Context, m MailboxID, since ModSeq) (uids imap.UIDSet, complete bool, err error) {
	since = min(since, math.MaxInt64) // a client may name any number; RFC 7162 allows 63 bits
	err = s.db.Read(ctx, func(c *database.Conn) error {
		box, err := readMailbox(c, m)
		if err != nil {
			return err
		}
		complete = since >= box.historyFrom
		gone, err := queryAll(c, scanID, `SELECT uid FROM expunged WHERE mailbox = ? AND modseq > ? ORDER BY uid`,
			int64(m), int64(since))
		for _, uid := range gone {
			uids = appendUID(uids, imap.UID(uid))
		}
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("read what was expunged from mailbox %d: %w", m, err)
	}
	return uids, complete, nil
}

// shortenHistory forgets the oldest expunges of a mailbox when there are too
// many. What is forgotten is announced first, so that no reader takes a history
// with holes for a complete one.
func (s *Store) shortenHistory(ctx context.Context, m MailboxID) error {
	var cut []int64
	err := s.db.Read(ctx, func(c *database.Conn) error {
		old, err := queryAll(c, scanID, `
			SELECT modseq FROM expunged WHERE mailbox = ? ORDER BY modseq DESC, uid DESC LIMIT 1 OFFSET ?`,
			int64(m), historyKept+historySlack)
		if err != nil || len(old) == 0 {
			return err
		}
		cut, err = queryAll(c, scanID, `
			SELECT modseq FROM expunged WHERE mailbox = ? ORDER BY modseq DESC, uid DESC LIMIT 1 OFFSET ?`,
			int64(m), historyKept)
		return err
	})
	if err != nil || len(cut) == 0 {
		return err
	}
	for more := true; more; {
		err := s.write(ctx, func(j *job) error {
			_, err := j.tx.Exec(`UPDATE mailbox SET history_from = max(history_from, ?) WHERE id = ?`, cut[0], int64(m))
			if err != nil {
				return err
			}
			more, err = j.forget(m, cut[0])
			return err
		})
		if err != nil {
			return fmt.Errorf("shorten history of mailbox %d: %w", m, err)
		}
	}
	return nil
}

// forget removes a chunk of a mailbox's history up to a modseq; more tells
// whether there may be some left.
func (j *job) forget(m MailboxID, upTo int64) (more bool, err error) {
	res, err := j.tx.Exec(`
		DELETE FROM expunged WHERE mailbox = ?1 AND (modseq, uid) IN
			(SELECT modseq, uid FROM expunged WHERE mailbox = ?1 AND modseq <= ?2 LIMIT ?3)`,
		int64(m), upTo, chunkRows)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == chunkRows, err
}

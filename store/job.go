package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// chunkRows is how many messages one transaction changes at most: some
// 10 ms, so that nobody waits long for the writer.
const chunkRows = 2000

// A querier is a writing or a reading transaction.
type querier interface {
	Query(query string, args ...any) (*sql.Rows, error)
	QueryRow(query string, args ...any) *sql.Row
	Each(fn func(row []driver.Value) error, query string, args ...any) error
}

// A job is one writing transaction: the rows of accounts and mailboxes as it
// will leave them, and what is to be told after the commit.
type job struct {
	store    *Store
	tx       *database.Tx
	accounts map[AccountID]*account
	changes  map[MailboxID]*change
	order    []*change   // of changes, as they began
	lists    []AccountID // accounts whose list changed in other ways
	left     []leaver    // messages that are nowhere any more

	arrives bool        // as in Batch
	warns   int         // as in Batch
	grace   quota.Grace // of accounts
}

// A leaver is a message whose last entry is gone.
type leaver struct {
	account AccountID
	message MessageID
}

// write runs fn as one transaction. What fn changed in the rows that job.account
// and job.change gave it is saved after it, and published after the commit.
func (s *Store) write(ctx context.Context, fn func(j *job) error) error {
	if s.room.ease() {
		s.log.Error("the disk is full to the last; what was kept for that is used now", "hint", "delete what is not mail, or mail, or get a larger disk")
	}
	return s.db.Write(ctx, func(tx *database.Tx) error {
		j := &job{store: s, tx: tx, accounts: map[AccountID]*account{}, changes: map[MailboxID]*change{}}
		if err := fn(j); err != nil {
			return err
		}
		if err := j.save(); err != nil {
			return err
		}
		tx.AfterCommit(func() { s.publish(j) })
		return nil
	})
}

// A change is what one transaction does to one mailbox.
type change struct {
	mailboxRow             // as it will be
	before     quota.Usage // this transaction
	words      vocabulary  // nil until asked for
	added      []Entry     // ascending
	flagged    []Entry     // ascending
	expunged   []imap.UID  // ascending
	stamped    bool        // the mailbox row has the modseq of this job
	gone       bool        // the mailbox was deleted
	moreWords  bool        // words has new ones
	grants     acl         // as they are now, if they were changed
	granted    bool        // they were
	within     Flags       // that a COPY or MOVE may set
	by         AccountID   // who copies or moves; 0: the owner
	readings   []reading   // what others have read
}

// change returns the mailbox in this transaction; ErrNotFound.
func (j *job) change(id MailboxID) (*change, error) {
	if c := j.changes[id]; c != nil {
		return c, nil
	}
	row, err := readMailbox(j.tx, id)
	if err != nil {
		return nil, err
	}
	c := &change{mailboxRow: row, before: row.Usage()}
	j.changes[id] = c
	j.order = append(j.order, c)
	return c, nil
}

// stamp gives the mailbox the modseq of this transaction. Every change to a
// mailbox's row takes one, so that a view that is being loaded can tell what it
// has read already.
func (j *job) stamp(c *change) (ModSeq, error) {
	a, err := j.account(c.Account)
	if err != nil {
		return 0, err
	}
	c.stamped = true
	c.ModSeq = a.take()
	return c.ModSeq, nil
}

// watchQuota notes that the account has crossed a threshold of its limit.
func (j *job) watchQuota(a *account) {
	if c, crossed := j.store.thresholds.Crossed(a.limit, a.before, a.usage); crossed {
		j.tx.AfterCommit(func() { j.store.quotaCrossed(a.id, c) })
	}
}

func (j *job) save() error {
	for _, c := range j.order {
		if c.stamped && !c.gone {
			if err := j.checkLimit(c); err != nil {
				return err
			}
			if err := c.save(j.tx); err != nil {
				return err
			}
		}
	}
	for _, a := range j.accounts {
		j.settleLimits(a)
		if err := a.save(j.tx); err != nil {
			return err
		}
		j.watchQuota(a)
	}
	for _, a := range j.accounts {
		if err := j.checkTotal(a); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) save(tx *database.Tx) error {
	if len(c.flagged) > 0 {
		c.flagsAt = c.ModSeq
	}
	_, err := tx.Exec(`
		UPDATE mailbox SET uidnext = ?, modseq = ?, messages = ?, unseen = ?, deleted = ?, bytes = ?, deleted_bytes = ?, flags_at = ?
		WHERE id = ?`,
		int64(c.UIDNext), int64(c.ModSeq), c.Messages, c.Unseen, c.Deleted, c.Bytes, c.DeletedBytes, int64(c.flagsAt), int64(c.ID))
	return err
}

// count adds a message with the flags to the mailbox's counters.
func (c *change) count(f Flags, size int64) {
	c.Messages++
	c.Bytes += size
	c.Unseen += one(f&Seen == 0)
	if f&Deleted != 0 {
		c.Deleted++
		c.DeletedBytes += size
	}
}

// discount takes it out again.
func (c *change) discount(f Flags, size int64) {
	c.Messages--
	c.Bytes -= size
	c.Unseen -= one(f&Seen == 0)
	if f&Deleted != 0 {
		c.Deleted--
		c.DeletedBytes -= size
	}
}

func one(yes bool) uint32 {
	if yes {
		return 1
	}
	return 0
}

// publish brings the views up to date and wakes who watches. It runs on the
// writer's goroutine.
func (s *Store) publish(j *job) {
	for _, c := range j.order {
		if c.stamped {
			s.views.apply(c)
		}
	}
	for _, c := range j.order {
		if c.stamped {
			s.hub.wake(c.Account, c.ID)
		}
		if len(c.added) > 0 {
			s.indexer.arrived(c.Account, len(c.added))
		}
	}
	for _, m := range j.left {
		s.indexer.left(m.account, m.message)
	}
	for _, a := range j.lists {
		s.hub.wake(a, 0)
	}
}

// found turns the absence of a row into the given error.
func found(err, missing error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return missing
	}
	return err
}

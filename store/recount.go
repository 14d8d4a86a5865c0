package store

import (
	"context"
	"fmt"

	"letterbox/database"
	"letterbox/quota"
)

// A Drift is a counter that was not what its messages add up to.
type Drift struct {
	Account AccountID
	Mailbox string // "" for the account's own counters
	Stored  quota.Usage
	Counted quota.Usage
}

// CheckUsage recounts what every mailbox and account holds, mends the counters
// and returns what was wrong. Counters change with the messages in one
// transaction; a difference is a fault of this program, or of the disk.
func (s *Store) CheckUsage(ctx context.Context) (wrong []Drift, err error) {
	var accounts []int64
	err = s.db.Read(ctx, func(c *database.Conn) (err error) {
		accounts, err = queryAll(c, scanID, `SELECT id FROM account ORDER BY id`)
		return err
	})
	for _, id := range accounts {
		if err == nil {
			wrong, err = s.checkAccount(ctx, AccountID(id), wrong)
		}
	}
	if err != nil {
		return wrong, fmt.Errorf("recount usage: %w", err)
	}
	return wrong, nil
}

func (s *Store) checkAccount(ctx context.Context, id AccountID, wrong []Drift) ([]Drift, error) {
	var boxes []int64
	err := s.db.Read(ctx, func(c *database.Conn) (err error) {
		boxes, err = queryAll(c, scanID, `SELECT id FROM mailbox WHERE account = ?`, int64(id))
		return err
	})
	if err != nil {
		return wrong, err
	}
	for _, m := range boxes {
		drift, err := s.checkMailbox(ctx, MailboxID(m))
		if err != nil {
			return wrong, err
		}
		if drift != nil {
			wrong = append(wrong, *drift)
		}
	}
	drift, err := s.checkSum(ctx, id)
	if drift != nil {
		wrong = append(wrong, *drift)
	}
	return wrong, err
}

// counters are those of a mailbox's row.
type counters struct {
	messages, unseen, deleted uint32
	bytes, deletedBytes       int64
}

func (m *mailboxRow) counters() counters {
	return counters{m.Messages, m.Unseen, m.Deleted, m.Bytes, m.DeletedBytes}
}

// recountMailbox adds up the entries of a mailbox.
func recountMailbox(q querier, m MailboxID) (c counters, err error) {
	err = q.QueryRow(`
		SELECT count(*), coalesce(sum(flags & ?1 = 0), 0), coalesce(sum(flags & ?2 <> 0), 0),
			coalesce(sum(size), 0), coalesce(sum(CASE WHEN flags & ?2 <> 0 THEN size END), 0)
		FROM entry WHERE mailbox = ?3`, int64(Seen), int64(Deleted), int64(m)).
		Scan(&c.messages, &c.unseen, &c.deleted, &c.bytes, &c.deletedBytes)
	return c, err
}

// checkMailbox compares as of one commit and mends by the difference: the writer
// is not held up by the counting.
func (s *Store) checkMailbox(ctx context.Context, m MailboxID) (*Drift, error) {
	var row mailboxRow
	var found counters
	err := s.db.Read(ctx, func(c *database.Conn) (err error) {
		if row, err = readMailbox(c, m); err != nil {
			return err
		}
		found, err = recountMailbox(c, m)
		return err
	})
	if err == ErrNotFound { // it was deleted meanwhile
		return nil, nil
	}
	was := row.counters()
	if err != nil || found == was {
		return nil, err
	}
	err = s.write(ctx, func(j *job) error {
		c, err := j.change(m)
		if err != nil {
			return err
		}
		c.Messages += found.messages - was.messages
		c.Unseen += found.unseen - was.unseen
		c.Deleted += found.deleted - was.deleted
		c.Bytes += found.bytes - was.bytes
		c.DeletedBytes += found.deletedBytes - was.deletedBytes
		c.before = c.Usage() // nothing came
		_, err = j.stamp(c)
		return err
	})
	return &Drift{row.Account, row.Name,
		quota.Usage{Bytes: was.bytes, Messages: int64(was.messages)},
		quota.Usage{Bytes: found.bytes, Messages: int64(found.messages)}}, err
}

// checkSum compares an account with its mailboxes.
func (s *Store) checkSum(ctx context.Context, id AccountID) (*Drift, error) {
	var d *Drift
	err := s.write(ctx, func(j *job) error {
		a, err := j.account(id)
		if err != nil {
			return err
		}
		var sum quota.Usage
		err = j.tx.QueryRow(`SELECT coalesce(sum(bytes), 0), coalesce(sum(messages), 0), count(*) FROM mailbox WHERE account = ?`, int64(id)).
			Scan(&sum.Bytes, &sum.Messages, &sum.Mailboxes)
		if err != nil || sum == a.usage {
			return err
		}
		d = &Drift{Account: id, Stored: a.usage, Counted: sum}
		a.usage, a.before, a.dirty = sum, sum, true
		return nil
	})
	return d, err
}

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// account is a row of the table in one transaction.
type account struct {
	id          AccountID
	modseq      ModSeq
	uidvalidity uint32
	usage       quota.Usage
	before      quota.Usage // this transaction
	limit       quota.Limit
	stamped     bool // modseq is this transaction's
	dirty       bool
}

// account returns the account in this transaction; ErrNoAccount.
func (j *job) account(id AccountID) (*account, error) {
	if a := j.accounts[id]; a != nil {
		return a, nil
	}
	a, err := readAccount(j.tx, id)
	if err != nil {
		return nil, err
	}
	j.accounts[id] = a
	return a, nil
}

func readAccount(q querier, id AccountID) (*account, error) {
	a := &account{id: id}
	err := q.QueryRow(`
		SELECT modseq, uidvalidity, bytes, messages, mailboxes, limit_bytes, limit_messages, limit_mailboxes
		FROM account WHERE id = ?`, int64(id)).
		Scan(&a.modseq, &a.uidvalidity, &a.usage.Bytes, &a.usage.Messages, &a.usage.Mailboxes,
			&a.limit.Bytes, &a.limit.Messages, &a.limit.Mailboxes)
	if err != nil {
		return nil, fmt.Errorf("account %d: %w", id, found(err, ErrNoAccount))
	}
	a.before = a.usage
	return a, nil
}

// take returns the modseq of all changes of this transaction.
func (a *account) take() ModSeq {
	if !a.stamped {
		a.modseq++
		a.stamped, a.dirty = true, true
	}
	return a.modseq
}

// nextUIDValidity never repeats in an account, also not for a name that was
// deleted and made again (RFC 9051 section 2.3.1.1).
func (a *account) nextUIDValidity() uint32 {
	a.uidvalidity++
	a.dirty = true
	return a.uidvalidity
}

// use adds to the usage, or takes from it; *quota.OverError.
func (a *account) use(more quota.Usage) error {
	usage, err := a.limit.Add(a.usage, more)
	if err != nil {
		return err
	}
	a.usage, a.dirty = usage, true
	return nil
}

func (a *account) save(tx *database.Tx) error {
	if !a.dirty {
		return nil
	}
	_, err := tx.Exec(`
		UPDATE account SET modseq = ?, uidvalidity = ?, bytes = ?, messages = ?, mailboxes = ? WHERE id = ?`,
		int64(a.modseq), a.uidvalidity, a.usage.Bytes, a.usage.Messages, a.usage.Mailboxes, int64(a.id))
	return err
}

// usual are the folders that a new account has beside INBOX.
var usual = [...]struct {
	name string
	use  imap.MailboxAttr
}{
	{"Drafts", imap.MailboxAttrDrafts},
	{"Sent", imap.MailboxAttrSent},
	{"Junk", imap.MailboxAttrJunk},
	{"Trash", imap.MailboxAttrTrash},
	{"Archive", imap.MailboxAttrArchive},
}

// EnsureAccount makes the account's INBOX and usual folders (Drafts, Sent,
// Junk, Trash, Archive with their special uses, subscribed) if it is new.
// Cheap when it exists.
func (s *Store) EnsureAccount(ctx context.Context, id AccountID) error {
	if _, err := s.Mailbox(ctx, id, inbox); err == nil {
		return nil
	}
	return s.write(ctx, func(j *job) error {
		if err := j.ensureAccount(id); err != nil {
			return err
		}
		if _, err := findMailbox(j.tx, id, inbox); err == nil {
			return nil
		}
		if err := j.createSubscribed(id, inbox, ""); err != nil {
			return err
		}
		for _, f := range usual {
			if err := j.createSubscribed(id, f.name, f.use); err != nil {
				return err
			}
		}
		return nil
	})
}

// ensureAccount makes the account's row. UIDVALIDITY begins with the time, so
// that an account whose database was lost does not repeat one.
func (j *job) ensureAccount(id AccountID) error {
	_, err := j.tx.Exec(`
		INSERT INTO account (id, modseq, uidvalidity) VALUES (?, 1, ?) ON CONFLICT DO NOTHING`,
		int64(id), uint32(time.Now().Unix()))
	return err
}

func (j *job) createSubscribed(id AccountID, name string, use imap.MailboxAttr) error {
	if _, err := j.create(id, name, use); err != nil {
		return err
	}
	return j.subscribe(id, name)
}

// SetLimit sets what the account may hold; enforced inside Append, Copy, Move to
// another account and CreateMailbox. What it holds already stays.
func (s *Store) SetLimit(ctx context.Context, id AccountID, l quota.Limit) error {
	return s.write(ctx, func(j *job) error {
		if err := j.ensureAccount(id); err != nil {
			return err
		}
		_, err := j.tx.Exec(`UPDATE account SET limit_bytes = ?, limit_messages = ?, limit_mailboxes = ? WHERE id = ?`,
			l.Bytes, l.Messages, l.Mailboxes, int64(id))
		return err
	})
}

// Usage returns what the account holds and may hold: nothing and everything
// while it has no mailbox.
func (s *Store) Usage(ctx context.Context, id AccountID) (u quota.Usage, l quota.Limit, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		a, err := readAccount(c, id)
		if errors.Is(err, ErrNoAccount) {
			return nil
		}
		if err == nil {
			u, l = a.usage, a.limit
		}
		return err
	})
	return u, l, err
}

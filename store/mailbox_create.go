package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/quota"
)

// CreateMailbox makes it and the levels above it that are missing. ErrExists,
// ErrBadName, *quota.OverError; ErrSpecialUse when another mailbox of the account has that use
// (RFC 6154 section 3 leaves it to the server; clients expect one).
func (s *Store) CreateMailbox(ctx context.Context, a AccountID, name string, specialUse imap.MailboxAttr) (*Mailbox, error) {
	stored, err := ValidName(name)
	if err != nil {
		return nil, err
	}
	var made *change
	err = s.write(ctx, func(j *job) error {
		if _, err := findMailbox(j.tx, a, stored); !errors.Is(err, ErrNotFound) {
			return errorOr(err, ErrExists)
		}
		if err := j.createParents(a, stored); err != nil {
			return err
		}
		made, err = j.create(a, stored, specialUse)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("create mailbox %q: %w", name, err)
	}
	return &made.Mailbox, nil
}

// errorOr returns err, or otherwise when there is none.
func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// create makes a mailbox with a valid name that is free.
func (j *job) create(id AccountID, name string, use imap.MailboxAttr) (*change, error) {
	a, err := j.account(id)
	if err != nil {
		return nil, err
	}
	if err := j.freeUse(id, use); err != nil {
		return nil, err
	}
	if err := a.use(quota.Usage{Mailboxes: 1}); err != nil {
		return nil, err
	}
	modseq := a.take()
	res, err := j.tx.Exec(`
		INSERT INTO mailbox (account, name, special_use, uidvalidity, modseq, history_from, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		int64(id), name, string(use), a.nextUIDValidity(), int64(modseq), int64(modseq), time.Now().Unix())
	if err != nil {
		return nil, err
	}
	made, err := res.LastInsertId()
	if err != nil {
		return nil, err
	}
	c, err := j.change(MailboxID(made))
	if err != nil {
		return nil, err
	}
	c.stamped = true
	return c, j.inherit(c.ID, id, name)
}

// freeUse fails with ErrSpecialUse when a mailbox has the special use.
func (j *job) freeUse(id AccountID, use imap.MailboxAttr) error {
	if use == "" {
		return nil
	}
	var taken bool
	err := j.tx.QueryRow(`
		SELECT EXISTS (SELECT 1 FROM mailbox WHERE account = ? AND special_use = ?)`,
		int64(id), string(use)).Scan(&taken)
	if err == nil && taken {
		return ErrSpecialUse
	}
	return err
}

// createParents makes the levels above name that are missing.
func (j *job) createParents(id AccountID, name string) error {
	for _, parent := range parents(name) {
		_, err := findMailbox(j.tx, id, parent)
		if errors.Is(err, ErrNotFound) {
			_, err = j.create(id, parent, "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

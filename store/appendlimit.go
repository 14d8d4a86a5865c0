package store

import (
	"context"
	"fmt"

	"letterbox/database"
)

// SetAppendLimit bounds a single message that a client puts into the mailbox
// (RFC 7889); 0 lifts the bound. It is a rule for clients, which the IMAP server
// keeps: mail that is delivered, copied or moved has been taken already.
func (s *Store) SetAppendLimit(ctx context.Context, a AccountID, name string, bytes int64) error {
	return s.alter(ctx, a, name, func(j *job, c *change) error {
		c.AppendLimit = bytes
		_, err := j.tx.Exec(`UPDATE mailbox SET append_limit = ? WHERE id = ?`, bytes, int64(c.ID))
		return err
	})
}

// alter changes one mailbox's row by name.
func (s *Store) alter(ctx context.Context, a AccountID, name string, fn func(j *job, c *change) error) error {
	stored, err := ValidName(name)
	if err != nil {
		return fmt.Errorf("mailbox %q: %w", name, ErrNotFound)
	}
	err = s.write(ctx, func(j *job) error {
		row, err := findMailbox(j.tx, a, stored)
		if err != nil {
			return err
		}
		c, err := j.change(row.ID)
		if err != nil {
			return err
		}
		if _, err := j.stamp(c); err != nil {
			return err
		}
		return fn(j, c)
	})
	if err != nil {
		return fmt.Errorf("mailbox %q: %w", name, err)
	}
	return nil
}

// HasAppendLimits reports whether any mailbox of the account has a limit of its
// own.
func (s *Store) HasAppendLimits(ctx context.Context, a AccountID) (has bool, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		return c.QueryRow(`SELECT EXISTS (SELECT 1 FROM mailbox WHERE account = ? AND append_limit > 0)`, int64(a)).Scan(&has)
	})
	return has, err
}

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// RenameMailbox renames it and all below, and makes the levels above the new
// name that are missing. Subscriptions stay with the old names. Renaming INBOX
// moves its messages to the new mailbox and leaves INBOX empty, in chunks, and
// what is below INBOX alone (RFC 9051 section 6.3.6).
func (s *Store) RenameMailbox(ctx context.Context, a AccountID, from, to string) error {
	err := s.rename(ctx, a, from, to)
	if err != nil {
		return fmt.Errorf("rename mailbox %q to %q: %w", from, to, err)
	}
	return nil
}

func (s *Store) rename(ctx context.Context, a AccountID, from, to string) error {
	from, err := ValidName(from)
	if err != nil {
		return ErrNotFound
	}
	if to, err = ValidName(to); err != nil {
		return err
	}
	if from == inbox {
		return s.renameInbox(ctx, a, to)
	}
	return s.write(ctx, func(j *job) error { return j.rename(a, from, to) })
}

func (s *Store) renameInbox(ctx context.Context, a AccountID, to string) error {
	source, err := s.Mailbox(ctx, a, inbox)
	if err != nil {
		return err
	}
	dest, err := s.CreateMailbox(ctx, a, to, "")
	if err != nil {
		return err
	}
	// RFC 5464 section 4.1: both have the annotations then.
	if err := s.write(ctx, func(j *job) error { return j.copyMetadata(source.ID, dest.ID) }); err != nil {
		return err
	}
	_, err = s.Move(ctx, source.ID, allUIDs(), dest.ID)
	return err
}

func (j *job) rename(a AccountID, from, to string) error {
	row, err := findMailbox(j.tx, a, from)
	if err != nil {
		return err
	}
	if _, err := findMailbox(j.tx, a, to); !errors.Is(err, ErrNotFound) {
		return errorOr(err, ErrExists)
	}
	below := from + string(Delimiter)
	if strings.HasPrefix(to, below) {
		return fmt.Errorf("%w: it lies within the mailbox itself", ErrBadName)
	}
	if err := j.createParents(a, to); err != nil {
		return err
	}
	children, err := queryAll(j.tx, scanID, `SELECT id FROM mailbox WHERE account = ? AND name > ? AND name < ?`,
		int64(a), below, from+string(Delimiter+1))
	if err != nil {
		return err
	}
	for _, id := range append(children, int64(row.ID)) {
		if err := j.rebase(MailboxID(id), from, to); err != nil {
			return err
		}
	}
	return nil
}

// rebase puts to in the place of from at the start of a mailbox's name.
func (j *job) rebase(id MailboxID, from, to string) error {
	c, err := j.change(id)
	if err != nil {
		return err
	}
	name, err := ValidName(to + strings.TrimPrefix(c.Name, from))
	if err != nil {
		return err
	}
	if _, err := j.stamp(c); err != nil {
		return err
	}
	c.Name = name
	grants, err := readACL(j.tx, id)
	if err != nil {
		return err
	}
	j.listsOf(grants)
	_, err = j.tx.Exec(`UPDATE mailbox SET name = ? WHERE id = ?`, name, int64(id))
	return err
}

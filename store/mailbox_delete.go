package store

import (
	"context"
	"fmt"

	"letterbox/quota"
)

// DeleteMailbox removes it with its messages, which can be brought back for a
// while. ErrInbox; ErrHasChildren. To
// everybody it is gone at once; its rows are cleared away behind, also after a
// crash. The subscription stays (RFC 9051 section 6.3.5).
func (s *Store) DeleteMailbox(ctx context.Context, a AccountID, name string) error {
	stored, err := ValidName(name)
	if err != nil {
		return fmt.Errorf("delete mailbox %q: %w", name, ErrNotFound)
	}
	err = s.write(ctx, func(j *job) error {
		if stored == inbox {
			return ErrInbox
		}
		row, err := scanListed(j.tx.QueryRow(listMailboxes+`WHERE account = ? AND name = ?`, int64(a), stored))
		if err != nil {
			return err
		}
		if row.HasChildren {
			return ErrHasChildren
		}
		if _, err := j.tx.Exec(`UPDATE mailbox SET deleted_by = account WHERE id = ?`, int64(row.ID)); err != nil {
			return err
		}
		return j.detach(row.ID)
	})
	if err != nil {
		return fmt.Errorf("delete mailbox %q: %w", name, err)
	}
	s.cleaner.wake()
	return nil
}

// detach takes a mailbox out of its account.
func (j *job) detach(id MailboxID) error {
	c, err := j.change(id)
	if err != nil {
		return err
	}
	if _, err := j.stamp(c); err != nil {
		return err
	}
	a, err := j.account(c.Account)
	if err != nil {
		return err
	}
	if err := a.use(quota.Usage{Bytes: -c.Bytes, Messages: -int64(c.Messages), Mailboxes: -1}); err != nil {
		return err
	}
	c.gone = true
	grants, err := readACL(j.tx, id)
	if err != nil {
		return err
	}
	j.listsOf(grants)
	for _, query := range []string{`DELETE FROM metadata WHERE mailbox = ?`, `DELETE FROM acl WHERE mailbox = ?`, `DELETE FROM url_key WHERE mailbox = ?`, `DELETE FROM retention_told WHERE mailbox = ?`, `DELETE FROM imprint WHERE mailbox = ?`} {
		if _, err := j.tx.Exec(query, int64(id)); err != nil {
			return err
		}
	}
	_, err = j.tx.Exec(`UPDATE mailbox SET account = NULL WHERE id = ?`, int64(id))
	return err
}

// RemoveAccount removes all mail of an account: at once to everybody, its rows
// behind.
func (s *Store) RemoveAccount(ctx context.Context, id AccountID) error {
	err := s.write(ctx, func(j *job) error {
		ids, err := queryAll(j.tx, scanID, `SELECT id FROM mailbox WHERE account = ?`, int64(id))
		if err != nil {
			return err
		}
		for _, m := range ids {
			if err := j.detach(MailboxID(m)); err != nil {
				return err
			}
		}
		if _, err := j.tx.Exec(`DELETE FROM subscription WHERE account = ?`, int64(id)); err != nil {
			return err
		}
		if err := j.forgetGrants(id); err != nil {
			return err
		}
		if err := j.removeURLKeys(id); err != nil {
			return err
		}
		for _, query := range []string{`DELETE FROM metadata WHERE account = ?`, `DELETE FROM sign WHERE account = ?`} {
			if _, err := j.tx.Exec(query, int64(id)); err != nil {
				return err
			}
		}
		_, err = j.tx.Exec(`DELETE FROM account WHERE id = ?`, int64(id))
		return err
	})
	if err == nil {
		err = s.repeat(ctx, func(j *job) (bool, error) { return j.forgetReader(id) })
	}
	if err != nil {
		return fmt.Errorf("remove account %d: %w", id, err)
	}
	s.indexer.forget(id)
	s.cleaner.wake()
	return nil
}

func scanID(row scanner) (id int64, err error) {
	err = row.Scan(&id)
	return id, err
}

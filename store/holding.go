package store

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// A Holding is what an account holds and may hold.
type Holding struct {
	quota.Usage
	Limit quota.Limit
}

// Holdings returns those of all accounts.
func (s *Store) Holdings(ctx context.Context) (map[AccountID]Holding, error) {
	all := map[AccountID]Holding{}
	err := s.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(selectAccount)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			a, err := scanAccount(rows)
			if err != nil {
				return err
			}
			all[a.id] = Holding{a.usage, a.limit}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list what accounts hold: %w", err)
	}
	return all, nil
}

// Filed counts the messages in each account's mailboxes of a use, such as Junk.
func (s *Store) Filed(ctx context.Context, use imap.MailboxAttr) (map[AccountID]int64, error) {
	all := map[AccountID]int64{}
	err := s.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT account, sum(messages) FROM mailbox WHERE account IS NOT NULL AND special_use = ? GROUP BY account`, string(use))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id AccountID
			var n int64
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			all[id] = n
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("count the messages in folders for %s: %w", use, err)
	}
	return all, nil
}

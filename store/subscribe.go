package store

import (
	"context"
	"fmt"
)

// Subscribe adds a name to the account's subscriptions, whether or not a mailbox
// has it (RFC 9051 section 6.3.7).
func (s *Store) Subscribe(ctx context.Context, a AccountID, name string) error {
	stored, err := ValidName(name)
	if err != nil {
		return err
	}
	err = s.write(ctx, func(j *job) error {
		j.lists = append(j.lists, a)
		return j.subscribe(a, stored)
	})
	if err != nil {
		return fmt.Errorf("subscribe to %q: %w", name, err)
	}
	return nil
}

func (j *job) subscribe(a AccountID, name string) error {
	_, err := j.tx.Exec(`INSERT INTO subscription (account, name) VALUES (?, ?) ON CONFLICT DO NOTHING`, int64(a), name)
	return err
}

// Unsubscribe takes a name from the subscriptions; one that is not there is no
// error.
func (s *Store) Unsubscribe(ctx context.Context, a AccountID, name string) error {
	stored, err := ValidName(name)
	if err != nil {
		return err
	}
	err = s.write(ctx, func(j *job) error {
		j.lists = append(j.lists, a)
		_, err := j.tx.Exec(`DELETE FROM subscription WHERE account = ? AND name = ?`, int64(a), stored)
		return err
	})
	if err != nil {
		return fmt.Errorf("unsubscribe from %q: %w", name, err)
	}
	return nil
}

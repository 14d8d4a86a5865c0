package store

import (
	"context"
	"fmt"

	"letterbox/database"
	"letterbox/quota"
)

// A Warning is owed to the owner of an account: it has reached a threshold of its
// limits of which nothing was said yet. Who pays it appends a batch with Warns.
type Warning struct {
	Account AccountID
	quota.Crossing
}

// Warnings returns all that are owed.
func (s *Store) Warnings(ctx context.Context) ([]Warning, error) {
	return s.reached(ctx, s.thresholds, func(a *account, percent int) bool {
		return percent > s.thresholds.Settle(a.warned, a.limit, a.usage)
	})
}

// Reached returns the accounts that have reached a percentage of their limits,
// whether they were warned or not.
func (s *Store) Reached(ctx context.Context, percent int) ([]Warning, error) {
	return s.reached(ctx, quota.Thresholds{percent}, func(*account, int) bool { return true })
}

func (s *Store) reached(ctx context.Context, t quota.Thresholds, counts func(a *account, percent int) bool) (list []Warning, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		accounts, err := queryAll(c, scanAccount, selectAccount+`ORDER BY a.id`)
		list = list[:0]
		for _, a := range accounts {
			if c, reached := t.Reached(a.limit, a.usage); reached && counts(a, c.Percent) {
				list = append(list, Warning{a.id, c})
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find whose mailbox is full: %w", err)
	}
	return list, nil
}

// settleLimits brings what was said about the account's limits up to date with
// what the transaction did.
func (j *job) settleLimits(a *account) {
	switch {
	case j.warns > 0:
		a.warned = max(a.warned, j.warns)
	case a.grown():
		a.warned = j.store.thresholds.Settle(a.warned, a.limit, a.before) // the limit may be another now
		if j.arrives {
			a.fullSince = 0
		}
	case a.shrunk():
		a.warned = j.store.thresholds.Settle(a.warned, a.limit, a.usage)
		if _, err := a.limit.Add(a.usage, quota.Usage{Bytes: 1, Messages: 1}); err == nil {
			a.fullSince = 0 // somebody cleans up: the time begins anew
		}
	}
}

func (a *account) grown() bool {
	return a.usage.Bytes > a.before.Bytes || a.usage.Messages > a.before.Messages || a.usage.Mailboxes > a.before.Mailboxes
}

func (a *account) shrunk() bool {
	return a.usage.Bytes < a.before.Bytes || a.usage.Messages < a.before.Messages || a.usage.Mailboxes < a.before.Mailboxes
}

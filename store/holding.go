package store

import (
	"context"
	"fmt"

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

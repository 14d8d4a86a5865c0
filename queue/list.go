package queue

import (
	"context"
	"fmt"
	"time"

	"letterbox/database"
)

// An Item is a queued message as it is shown.
type Item struct {
	ID int64
	Message
	Created time.Time
	Size    int64             // as it will be sent
	States  map[string]string // by recipient: 'waiting', 'held', 'sent', 'failed'
}

// List returns all queued messages, oldest first.
func (q *Queue) List(ctx context.Context) ([]Item, error) {
	var items []Item
	err := q.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`
			SELECT o.id, o.account, o.sender, o.body, o.smtputf8, o.requiretls, o.dsn_ret, o.dsn_envid,
				o.created_at, o.size, r.address, r.dsn_notify, r.dsn_orcpt, r.state
			FROM outbound AS o JOIN outbound_recipient AS r ON r.outbound = o.id
			ORDER BY o.id, r.address`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var o Item
			var r Recipient
			var created int64
			var state string
			err := rows.Scan(&o.ID, &o.Account, &o.Sender, &o.Body, &o.SMTPUTF8, &o.RequireTLS, &o.Ret, &o.EnvID,
				&created, &o.Size, &r.Address, &r.Notify, &r.ORcpt, &state)
			if err != nil {
				return err
			}
			if n := len(items); n == 0 || items[n-1].ID != o.ID {
				o.Created, o.States = time.Unix(created, 0), map[string]string{}
				items = append(items, o)
			}
			last := &items[len(items)-1]
			last.Recipients = append(last.Recipients, r)
			last.States[r.Address] = state
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list the queue: %w", err)
	}
	return items, nil
}

// Count returns how many messages are in the queue.
func (q *Queue) Count(ctx context.Context) (n int64, err error) {
	err = q.DB.Read(ctx, func(c *database.Conn) error {
		return c.QueryRow(`SELECT count(*) FROM outbound`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count the queue: %w", err)
	}
	return n, nil
}

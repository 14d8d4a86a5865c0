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
	Created  time.Time
	Size     int64             // as it will be sent
	States   map[string]string // by recipient: 'waiting', 'held', 'sent', 'failed'
	Progress []RecipientState  // beside Recipients
}

// A RecipientState is how far a recipient is.
type RecipientState struct {
	Address   string
	State     string // 'waiting', 'held', 'sent', 'failed'
	Attempts  int
	Next      time.Time // of the next attempt, while waiting
	Last      time.Time // of the last one; zero: none yet
	Reply     Reply     // to the last one
	Host      string    // that said it
	Explained Explanation
}

// List returns all queued messages, oldest first.
func (q *Queue) List(ctx context.Context) ([]Item, error) {
	items, err := q.items(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("list the queue: %w", err)
	}
	return items, nil
}

// Show returns one message; ErrNotFound.
func (q *Queue) Show(ctx context.Context, id int64) (*Item, error) {
	items, err := q.items(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("show message %d: %w", id, err)
	}
	if len(items) == 0 {
		return nil, ErrNotFound
	}
	return &items[0], nil
}

// items reads one message, or all with id 0.
func (q *Queue) items(ctx context.Context, id int64) ([]Item, error) {
	var items []Item
	err := q.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`
			SELECT o.id, o.account, o.sender, o.body, o.smtputf8, o.requiretls, o.dsn_ret, o.dsn_envid,
				o.created_at, o.size, r.address, r.dsn_notify, r.dsn_orcpt, r.state,
				r.attempts, r.next_at, r.last_at, r.last_reply, r.last_host
			FROM outbound AS o JOIN outbound_recipient AS r ON r.outbound = o.id
			WHERE ?1 = 0 OR o.id = ?1
			ORDER BY o.id, r.address`, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var o Item
			var r Recipient
			var s RecipientState
			var created, next, last int64
			var reply string
			err := rows.Scan(&o.ID, &o.Account, &o.Sender, &o.Body, &o.SMTPUTF8, &o.RequireTLS, &o.Ret, &o.EnvID,
				&created, &o.Size, &r.Address, &r.Notify, &r.ORcpt, &s.State, &s.Attempts, &next, &last, &reply, &s.Host)
			if err != nil {
				return err
			}
			if n := len(items); n == 0 || items[n-1].ID != o.ID {
				o.Created, o.States = time.Unix(created, 0), map[string]string{}
				items = append(items, o)
			}
			it := &items[len(items)-1]
			it.Recipients = append(it.Recipients, r)
			it.States[r.Address] = s.State
			it.Progress = append(it.Progress, s.fill(r.Address, next, last, reply))
		}
		return rows.Err()
	})
	return items, err
}

func (s RecipientState) fill(address string, next, last int64, reply string) RecipientState {
	s.Address = address
	if s.State == "waiting" {
		s.Next = time.Unix(next, 0)
	}
	if last != 0 {
		s.Last, s.Reply = time.Unix(last, 0), parseReply(reply)
		s.Explained = explain(s.Reply)
	}
	return s
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

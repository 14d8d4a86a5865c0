package queue

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"letterbox/database"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/store"
)

// Post takes a message that the appliance itself writes to its recipients, wherever
// they are, signed in the name of its author's domain. It is durable when Post
// returns nil, in one transaction with what also does; nobody hears of what becomes
// of it. A recipient of ours whom nobody is any more is passed over.
func (q *Queue) Post(ctx context.Context, m *Message, raw []byte, also func(*database.Tx) error) error {
	now := time.Now()
	e := delivery.Envelope{ID: rand.Text()[:16], Sender: m.Sender, Protocol: "DSN", Received: now, Internal: true}
	var local []directory.Recipient
	leaving := *m
	leaving.Recipients = nil
	for _, r := range m.Recipients {
		here, elsewhere, err := q.whereTo(ctx, r.Address)
		if err != nil {
			return err
		}
		local = append(local, here...)
		leaving.Recipients = append(leaving.Recipients, elsewhere...)
	}
	signed, err := q.vouch(ctx, e, &Message{}, raw)
	if err != nil {
		return fmt.Errorf("sign message: %w", err)
	}
	signed = append([]byte{}, signed...) // not nil, where there are no keys
	var hold [][]byte
	if len(leaving.Recipients) > 0 {
		hold = [][]byte{raw}
	}
	err = q.Delivery.Deliver(ctx, e, local, raw, hold, func(tx *database.Tx, held []store.HeldID) error {
		if len(held) > 0 {
			o := outbound{Message: &leaving, trace: e.ID, prefix: signed, size: int64(len(signed) + len(raw)), created: now}
			if _, err := o.insert(tx, held[0]); err != nil {
				return err
			}
		}
		return also(tx)
	})
	if err == nil && len(leaving.Recipients) > 0 {
		q.bell.ring(domains(leaving.Recipients)...)
	}
	return err
}

// Package queue owns mail that leaves. In this version it holds it durably and
// shows it; nothing is sent yet.
//
// A queued message is a row of outbound, a row of outbound_recipient for each
// recipient, and a body that the store holds. They come into being in one
// transaction with the copies of recipients who are ours.
package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"letterbox/database"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/store"
)

// ErrNotFound is returned for a message that is not, or no longer, in the queue.
var ErrNotFound = errors.New("no such message in the queue")

// A Recipient of an outbound message with its DSN wishes (RFC 3461).
type Recipient struct {
	Address string
	Notify  string // 'NEVER' or a list, "" when nothing was said
	ORcpt   string // as on the wire, "" when nothing was said
	By      string // the address of ours that leads there; "" when the sender named Address
}

// A Message is to leave for elsewhere.
type Message struct {
	Account              int64 // who submitted it; 0: nobody, an address of ours leads elsewhere
	Sender               string
	Recipients           []Recipient
	Body                 string // "", "7BIT" or "8BITMIME"
	SMTPUTF8, RequireTLS bool
	Ret, EnvID           string // RFC 3461; EnvID as on the wire
}

// Queue is safe for concurrent use.
type Queue struct {
	DB       *database.DB
	Store    *store.Store
	Delivery *delivery.Delivery
	Log      *slog.Logger
}

// Accept takes a message for local and remote recipients at once: when it
// returns nil, every copy is durable; when it fails, none exists. remote may be
// nil; an address that it names twice counts once. It fails as Delivery.Deliver
// does, with delivery.ErrLoop also for a message that is to leave again by way
// of an address of ours that it was at before.
func (q *Queue) Accept(ctx context.Context, e delivery.Envelope, raw []byte, local []directory.Recipient, remote *Message) error {
	if remote == nil {
		return q.Delivery.Deliver(ctx, e, local, raw, nil, nil)
	}
	by := forwardedBy(remote)
	if err := delivery.CheckForward(raw, by); err != nil {
		return err
	}
	prefix := q.Delivery.Trace(e)
	if e.For != "" && len(by) > 0 {
		// Only one recipient was named: the line that ends a loop at its first
		// turn tells nobody anything new. Otherwise the Received lines end it.
		prefix = append(delivery.DeliveredTo(e.For), prefix...)
	}
	o := outbound{Message: remote, prefix: prefix, size: int64(len(prefix) + len(raw)), created: e.Received}
	var id int64
	err := q.Delivery.Deliver(ctx, e, local, raw, [][]byte{raw}, func(tx *database.Tx, held []store.HeldID) (err error) {
		id, err = o.insert(tx, held[0])
		return err
	})
	if err != nil {
		return err
	}
	q.Log.InfoContext(ctx, "queued", "message", e.ID, "queue_id", id, "sender", remote.Sender, "recipients", len(remote.Recipients))
	return nil
}

func forwardedBy(m *Message) []string {
	var by []string
	for _, r := range m.Recipients {
		if r.By != "" {
			by = append(by, r.By)
		}
	}
	return by
}

// An outbound is a message on its way into the table.
type outbound struct {
	*Message
	prefix  []byte
	size    int64
	created time.Time
}

func (o *outbound) insert(tx *database.Tx, held store.HeldID) (int64, error) {
	res, err := tx.Exec(`
		INSERT INTO outbound (account, sender, held, prefix, size, body, smtputf8, requiretls, dsn_ret, dsn_envid, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		o.Account, o.Sender, int64(held), o.prefix, o.size, o.Body, o.SMTPUTF8, o.RequireTLS, o.Ret, o.EnvID, o.created.Unix())
	if err != nil {
		return 0, fmt.Errorf("queue message: %w", err)
	}
	id, err := res.LastInsertId()
	if err != nil {
		return 0, err
	}
	for _, r := range o.Recipients {
		_, err := tx.Exec(`
			INSERT INTO outbound_recipient (outbound, address, dsn_notify, dsn_orcpt, next_at)
			VALUES (?, ?, ?, ?, ?) ON CONFLICT (outbound, address) DO NOTHING`,
			id, r.Address, r.Notify, r.ORcpt, o.created.Unix())
		if err != nil {
			return 0, fmt.Errorf("queue for %s: %w", r.Address, err)
		}
	}
	return id, nil
}

// Package queue owns mail that leaves: it keeps it durably, sends it, tries again
// what failed, and tells senders what became of it.
//
// A queued message is a row of outbound, a row of outbound_recipient for each
// recipient, and a body that the store holds. They come into being in one
// transaction with the copies of recipients who are ours. All state is there; a
// Courier that is killed at any point and started again goes on from it:
//
//   - What became of an attempt is recorded, by recipient, in one transaction
//     right after the server's last word. A process that dies in between sends the
//     message again: SMTP gives no way to ask whether it had arrived.
//   - A report that the sender is owed is noted in that same transaction. It
//     becomes a message in a mailbox, or in the queue, in the transaction that
//     strikes the note out: it is made once.
//   - A message is removed, and its body released, in the transaction after which
//     nobody waits and nothing is owed.
package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
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
	Passer  int64  // the user who passes mail on to there, and sees what becomes of it; 0: nobody
}

// A Message is to leave for elsewhere.
type Message struct {
	Account              int64 // who submitted it; 0: nobody, an address of ours leads elsewhere
	Sender               string
	Recipients           []Recipient
	Body                 string // "", "7BIT" or "8BITMIME"
	SMTPUTF8, RequireTLS bool
	LaxTLS               bool   // encryption that fails is no reason to keep it (RFC 8460 section 5.3)
	Ret, EnvID           string // RFC 3461; EnvID as on the wire

	// Delivered are those who have it here, and of whom the sender asked to hear
	// so. Nothing leaves for them but the report.
	Delivered []Recipient
}

// Queue is safe for concurrent use.
type Queue struct {
	DB       *database.DB
	Store    *store.Store
	Delivery *delivery.Delivery
	Log      *slog.Logger
	Limits   Limits // of each user; none where zero

	bell      bell       // rung when something is to be sent
	reporting sync.Mutex // one report at a time: none is made twice
}

// Accept takes a message for local and remote recipients at once: when it
// returns nil, every copy is durable; when it fails, none exists. remote may be
// nil; an address that it names twice counts once. It fails as Delivery.Deliver
// does, with *LimitError and ErrFrozen for what a user may not send, and with
// delivery.ErrLoop also for a message that is to leave again by way
// of an address of ours that it was at before.
func (q *Queue) Accept(ctx context.Context, e delivery.Envelope, raw []byte, local []directory.Recipient, remote *Message) error {
	if remote == nil {
		return q.Delivery.Deliver(ctx, e, local, raw, nil, nil)
	}
	by := forwardedBy(remote)
	if err := delivery.CheckForward(raw, by); err != nil {
		return err
	}
	var signed []byte
	if len(remote.Recipients) > 0 {
		var err error
		if signed, err = q.vouch(ctx, e, remote, raw); err != nil {
			return fmt.Errorf("sign message: %w", err)
		}
	}
	prefix := append(signed, q.Delivery.Trace(e)...)
	if e.For != "" && len(by) > 0 {
		// Only one recipient was named: the line that ends a loop at its first
		// turn tells nobody anything new. Otherwise the Received lines end it.
		prefix = append(delivery.DeliveredTo(e.For), prefix...)
	}
	if unsure(e, remote) {
		remote = quiet(remote)
	}
	if !assured(e) {
		remote = withoutDelivered(remote)
	}
	if len(remote.Recipients)+len(remote.Delivered) == 0 {
		return q.Delivery.Deliver(ctx, e, local, raw, nil, nil)
	}
	o := outbound{Message: remote, trace: e.ID, prefix: prefix, size: int64(len(prefix) + len(raw)), created: e.Received}
	var id int64
	err := q.Delivery.Deliver(ctx, e, local, raw, [][]byte{raw}, func(tx *database.Tx, held []store.HeldID) (err error) {
		if err := q.spend(tx, remote, e.Received); err != nil {
			return err
		}
		id, err = o.insert(tx, held[0])
		return err
	})
	if errors.Is(err, errBurst) {
		err = errors.Join(ErrFrozen, q.freeze(ctx, remote.Account, e.Received))
	}
	if err != nil {
		return err
	}
	if len(remote.Delivered) > 0 {
		q.bell.ring() // the report is owed
	}
	if len(remote.Recipients) == 0 {
		return nil
	}
	q.bell.ring(domains(remote.Recipients)...)
	q.Log.InfoContext(ctx, "queued", "message", e.ID, "queue_id", id, "sender", remote.Sender, "recipients", len(remote.Recipients))
	q.journalQueued(e.ID, id, remote)
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
	trace   string // of the message, in the journal
	prefix  []byte
	size    int64
	created time.Time
}

func (o *outbound) insert(tx *database.Tx, held store.HeldID) (int64, error) {
	res, err := tx.Exec(`
		INSERT INTO outbound (account, sender, held, prefix, size, body, smtputf8, requiretls, dsn_ret, dsn_envid, created_at, passed_on, trace, lax_tls)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		o.Account, o.Sender, int64(held), o.prefix, o.size, o.Body, o.SMTPUTF8, o.RequireTLS, o.Ret, o.EnvID, o.created.Unix(), passedOn(o.Message), o.trace, o.LaxTLS)
	if err != nil {
		return 0, fmt.Errorf("queue message: %w", err)
	}
	id, err := res.LastInsertId()
	if err != nil {
		return 0, err
	}
	for _, r := range o.Recipients {
		_, err := tx.Exec(`
			INSERT INTO outbound_recipient (outbound, address, domain, dsn_notify, dsn_orcpt, next_at)
			VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (outbound, address) DO NOTHING`,
			id, r.Address, r.domain(), r.Notify, r.ORcpt, o.created.Unix())
		if err != nil {
			return 0, fmt.Errorf("queue for %s: %w", r.Address, err)
		}
	}
	return id, o.insertDelivered(tx, id)
}

// domain is where a recipient is: lower case, A-labels; an address literal stays
// as it is.
func (r Recipient) domain() string {
	domain := strings.ToLower(r.Address[strings.LastIndexByte(r.Address, '@')+1:])
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		return ascii
	}
	return domain
}

// domains are those of recipients, each once.
func domains(list []Recipient) []string {
	var all []string
	for _, r := range list {
		if d := r.domain(); !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all
}

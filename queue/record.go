package queue

import (
	"context"
	"fmt"
	"strings"
	"time"

	"letterbox/database"
	"letterbox/store"
)

// Reports that a recipient may owe to the sender.
const (
	reportFailed    = "failed"
	reportDelayed   = "delayed"
	reportRelayed   = "relayed"
	reportDelivered = "delivered"
)

// A result is what became of an attempt for one recipient of a batch.
type result struct {
	reply Reply
	host  string // that said it; "" for nobody
	dsn   bool   // the next server reports by itself
	again bool   // to be tried at once, in another way: this attempt does not count
}

// record keeps the results of a batch in one transaction, by recipient, and
// removes the message when nothing is left to do for it. It returns whether the
// sender is to be told something.
func (q *Queue) record(ctx context.Context, b *batch, results []result, s Schedule, now time.Time) (owed bool, err error) {
	rows := make([]settled, len(results))
	err = q.DB.Write(ctx, func(tx *database.Tx) error {
		owed = false
		for i, r := range results {
			rows[i] = b.settle(i, r, s, now)
			if err := rows[i].update(tx, b.id); err != nil {
				return fmt.Errorf("record what became of message %d: %w", b.id, err)
			}
			owed = owed || rows[i].report != ""
		}
		return q.finish(tx, b.id, b.held)
	})
	if err == nil {
		q.logResults(ctx, b, results)
		q.journalAttempt(b, rows)
	}
	return owed, err
}

func (q *Queue) logResults(ctx context.Context, b *batch, results []result) {
	for i, r := range results {
		word := "deferred"
		switch {
		case r.reply.Good():
			word = "sent"
			q.Delivery.Telemetry.Traffic().Out.Add(1)
		case r.reply.Permanent():
			word = "bounced"
			q.Delivery.Telemetry.Traffic().Failed.Add(1)
		}
		q.Log.InfoContext(ctx, word, "queue_id", b.id, "recipient", b.message.Recipients[i].Address,
			"host", r.host, "reply", r.reply.String())
	}
}

// A settled row is what the table keeps of a recipient after an attempt.
type settled struct {
	address  string
	state    string
	attempts int
	next     time.Time
	report   string
	warned   bool
	reply    Reply
	host     string
	at       time.Time
}

// settle decides: sent, given up, or to be tried again. What the sender wants to
// hear of it is their NOTIFY (RFC 3461 section 4.1); nobody is told about a
// message from <>.
func (b *batch) settle(i int, r result, s Schedule, now time.Time) settled {
	to := b.message.Recipients[i]
	row := settled{
		address: to.Address, state: "waiting", attempts: b.tries[i] + 1, next: now, warned: b.warned[i],
		reply: r.reply, host: r.host, at: now,
	}
	switch {
	case r.again:
		row.attempts--
	case r.reply.Good():
		row.state = "sent"
		if b.wants(to, "SUCCESS") && !r.dsn {
			row.report = reportRelayed
		}
	case r.reply.Permanent() || s.expired(b.created, now):
		row.state = "failed"
		if b.wants(to, "FAILURE") {
			row.report = reportFailed
		}
	default:
		row.next = s.next(row.attempts, b.created, now)
		if s.late(b.created, now) && !row.warned {
			row.warned = true
			if b.wants(to, "DELAY") {
				row.report = reportDelayed
			}
		}
	}
	return row
}

// wants reports whether the sender is to hear of an event. Who said nothing wants
// to hear of what goes wrong.
func (b *batch) wants(to Recipient, event string) bool {
	if b.message.Sender == "" {
		return false
	}
	if to.Notify == "" {
		return event != "SUCCESS"
	}
	return has(strings.Split(to.Notify, ","), event)
}

func (r *settled) update(tx *database.Tx, id int64) error {
	_, err := tx.Exec(`
		UPDATE outbound_recipient
		SET state = ?, attempts = ?, next_at = ?, report = ?, warned = ?, last_reply = ?, last_host = ?, last_at = ?
		WHERE outbound = ? AND address = ? AND state = 'waiting'`,
		r.state, r.attempts, r.next.Unix(), r.report, r.warned, r.reply.String(), r.host, r.at.Unix(), id, r.address)
	return err
}

// finish removes a message when nobody waits for it and nothing is owed.
func (q *Queue) finish(tx *database.Tx, id int64, held store.HeldID) error {
	res, err := tx.Exec(`
		DELETE FROM outbound WHERE id = ?1 AND NOT EXISTS (
			SELECT 1 FROM outbound_recipient WHERE outbound = ?1 AND (state IN ('waiting', 'held') OR report <> ''))`, id)
	if err != nil {
		return fmt.Errorf("finish message %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return q.Store.ReleaseHeld(tx, held) // the recipients go with the message
}

package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterbox/database"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/mailauth"
	"letterbox/quota"
	"letterbox/store"
)

// A debt is what the sender of a message is to be told.
type debt struct {
	id      int64
	message Message
	held    store.HeldID
	created time.Time
	by      string // the domain of ours in whose name it was passed on, "" for none
	rows    []debtRow
}

type debtRow struct {
	address, orcpt, kind string
	reply                Reply
	host                 string
	at                   time.Time
}

// maxReportAge is for how long a report is tried that cannot be delivered, counted
// from the end of the message's own time.
const maxReportAge = 4 * 24 * time.Hour

// reportAll pays what is owed since before, by this process or an earlier one.
func (c *Courier) reportAll(ctx context.Context) error {
	var ids []int64
	err := c.Queue.DB.Read(ctx, func(conn *database.Conn) error {
		rows, err := conn.Query(`SELECT DISTINCT outbound FROM outbound_recipient WHERE report <> '' LIMIT 1000`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("look for reports that are owed: %w", err)
	}
	for _, id := range ids {
		if err := c.Queue.report(ctx, id, c.Schedule); err != nil {
			c.Log.ErrorContext(ctx, "report not delivered", "queue_id", id, "error", err)
		}
	}
	return nil
}

// report tells the sender of a message what is owed, in one message for each kind
// of news, and forgets the debt in the transaction that makes it durable.
func (q *Queue) report(ctx context.Context, id int64, s Schedule) error {
	q.reporting.Lock()
	defer q.reporting.Unlock()
	d, err := q.debt(ctx, id)
	if err != nil {
		return err
	}
	for _, kind := range []string{reportFailed, reportDelayed, reportRelayed, reportDelivered} {
		rows := d.of(kind)
		if len(rows) == 0 {
			continue
		}
		err := q.deliverReport(ctx, d, kind, rows, s)
		if err != nil && time.Now().After(d.created.Add(s.Lifetime+maxReportAge)) {
			q.Log.ErrorContext(ctx, "report given up", "queue_id", id, "sender", d.message.Sender, "error", err)
			err = q.DB.Write(ctx, func(tx *database.Tx) error { return q.forgive(tx, d, kind) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *debt) of(kind string) (rows []debtRow) {
	for _, r := range d.rows {
		if r.kind == kind {
			rows = append(rows, r)
		}
	}
	return rows
}

// debt reads what is owed for a message.
func (q *Queue) debt(ctx context.Context, id int64) (*debt, error) {
	d := &debt{id: id}
	err := q.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`
			SELECT o.account, o.sender, o.held, o.dsn_ret, o.dsn_envid, o.smtputf8, o.created_at, o.passed_on,
				r.address, r.dsn_orcpt, r.report, r.last_reply, r.last_host, r.last_at
			FROM outbound_recipient AS r JOIN outbound AS o ON o.id = r.outbound
			WHERE r.outbound = ? AND r.report <> '' ORDER BY r.address`, id)
		if err != nil {
			return err
		}
		for rows.Next() {
			var r debtRow
			var created, at int64
			var reply string
			m := &d.message
			if err := rows.Scan(&m.Account, &m.Sender, &d.held, &m.Ret, &m.EnvID, &m.SMTPUTF8, &created, &d.by,
				&r.address, &r.orcpt, &r.kind, &reply, &r.host, &at); err != nil {
				return err
			}
			d.created, r.at, r.reply = time.Unix(created, 0), time.Unix(at, 0), parseReply(reply)
			d.rows = append(d.rows, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read the reports of message %d: %w", id, err)
	}
	return d, nil
}

// forgive forgets a kind of debt, and the message with the last one.
func (q *Queue) forgive(tx *database.Tx, d *debt, kind string) error {
	if _, err := tx.Exec(`UPDATE outbound_recipient SET report = '' WHERE outbound = ? AND report = ?`, d.id, kind); err != nil {
		return fmt.Errorf("forget the report of message %d: %w", d.id, err)
	}
	return q.finish(tx, d.id, d.held)
}

// deliverReport puts the report into the sender's mailbox, or into the queue when
// they are elsewhere. It is from <>: nobody ever reports about a report.
func (q *Queue) deliverReport(ctx context.Context, d *debt, kind string, rows []debtRow, s Schedule) error {
	to := d.message.Sender
	raw, err := q.compose(ctx, d, kind, rows, to, s)
	if err != nil {
		return err
	}
	now := time.Now()
	e := delivery.Envelope{ID: fmt.Sprintf("report-%d", d.id), For: to, Protocol: "DSN", Received: now, Internal: true}
	local, elsewhere, err := q.whereTo(ctx, to)
	if err != nil {
		return err
	}
	signed, err := q.signReport(ctx, d, raw)
	if err != nil {
		return err
	}
	settle := func(tx *database.Tx, held []store.HeldID) error {
		if len(elsewhere) > 0 {
			o := outbound{Message: &Message{Recipients: elsewhere, SMTPUTF8: !isASCII(string(raw))}, trace: e.ID, prefix: signed, size: int64(len(signed) + len(raw)), created: now}
			if _, err := o.insert(tx, held[0]); err != nil {
				return err
			}
		}
		return q.forgive(tx, d, kind)
	}
	var hold [][]byte
	if len(elsewhere) > 0 {
		hold = [][]byte{raw}
	}
	err = q.Delivery.Deliver(ctx, e, local, raw, hold, settle)
	var over *quota.OverError
	if errors.As(err, &over) || errors.Is(err, delivery.ErrLoop) {
		return fmt.Errorf("report to %s: %w", to, err)
	}
	if err == nil && len(elsewhere) > 0 {
		q.bell.ring(domains(elsewhere)...)
	}
	return err
}

// signReport signs a report in the name that it is from: it leaves from <>, so
// nothing but a signature stands for it (DMARC). Empty without keys.
func (q *Queue) signReport(ctx context.Context, d *debt, raw []byte) ([]byte, error) {
	keys, err := q.keys(ctx, d.by)
	if err != nil || len(keys) == 0 {
		return []byte{}, err
	}
	return mailauth.Sign(raw, keys, time.Now())
}

// reporter is the domain that a report is from: the one in whose name the message
// was passed on, else this machine's.
func (q *Queue) reporter(d *debt) string {
	if d.by != "" {
		return d.by
	}
	return q.Delivery.Hostname
}

// whereTo says where mail for an address goes: to people here, or to elsewhere.
// An address of ours that nobody has any more is nobody: the report is forgotten.
func (q *Queue) whereTo(ctx context.Context, address string) (local []directory.Recipient, elsewhere []Recipient, err error) {
	found, err := q.Delivery.Directory.Resolve(ctx, address)
	switch {
	case errors.Is(err, directory.ErrNotOurs):
		return nil, []Recipient{{Address: address, Notify: "NEVER"}}, nil
	case errors.Is(err, directory.ErrNoSuchUser), errors.Is(err, directory.ErrBadAddress):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	}
	for _, r := range found {
		if r.User != nil {
			local = append(local, r)
		} else {
			elsewhere = append(elsewhere, Recipient{Address: r.Forward, Notify: "NEVER", By: address})
		}
	}
	return local, elsewhere, nil
}

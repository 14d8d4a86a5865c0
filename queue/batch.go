package queue

import (
	"context"
	"fmt"
	"time"

	"letterbox/database"
	"letterbox/store"
)

// A batch is a message for those of its recipients in one domain who are due.
type batch struct {
	id      int64
	trace   string // in the journal
	domain  string
	message Message // with these recipients alone
	tries   []int   // how often each was tried before
	warned  []bool  // whether the sender was told that it is late
	held    store.HeldID
	prefix  []byte
	size    int64
	created time.Time
	by      string // the domain of ours in whose name it is passed on, "" for none
}

// maxRecipients is how many recipients one transaction has: every server takes
// 100 (RFC 5321 section 4.5.3.1.8).
const maxRecipients = 100

// load reads what is due of a message in a domain; nil when nothing is.
func (q *Queue) load(ctx context.Context, id int64, domain string, now time.Time) (*batch, error) {
	b := &batch{id: id, domain: domain}
	err := q.DB.Read(ctx, func(c *database.Conn) error { return b.read(c, now) })
	if err != nil {
		return nil, fmt.Errorf("load message %d: %w", id, err)
	}
	if len(b.message.Recipients) == 0 {
		return nil, nil
	}
	return b, nil
}

func (b *batch) read(c *database.Conn, now time.Time) error {
	rows, err := c.Query(`
		SELECT o.account, o.sender, o.held, o.prefix, o.size, o.body, o.smtputf8, o.requiretls, o.dsn_ret, o.dsn_envid,
			o.created_at, o.passed_on, o.trace, o.lax_tls, r.address, r.dsn_notify, r.dsn_orcpt, r.attempts, r.warned
		FROM outbound_recipient AS r JOIN outbound AS o ON o.id = r.outbound
		WHERE r.outbound = ? AND r.domain = ? AND r.state = 'waiting' AND r.next_at <= ?
		ORDER BY r.address LIMIT ?`, b.id, b.domain, now.Unix(), maxRecipients)
	if err != nil {
		return err
	}
	for rows.Next() {
		var r Recipient
		var created int64
		var tries int
		var warned bool
		m := &b.message
		err := rows.Scan(&m.Account, &m.Sender, &b.held, &b.prefix, &b.size, &m.Body, &m.SMTPUTF8, &m.RequireTLS,
			&m.Ret, &m.EnvID, &created, &b.by, &b.trace, &m.LaxTLS, &r.Address, &r.Notify, &r.ORcpt, &tries, &warned)
		if err != nil {
			return err
		}
		b.created = time.Unix(created, 0)
		m.Recipients = append(m.Recipients, r)
		b.tries, b.warned = append(b.tries, tries), append(b.warned, warned)
	}
	return rows.Err()
}

// due returns messages that are to be sent to a domain now, the longest due
// first.
func (q *Queue) due(ctx context.Context, domain string, now time.Time, limit int) (ids []int64, err error) {
	err = q.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`
			SELECT outbound FROM outbound_recipient
			WHERE state = 'waiting' AND domain = ? AND next_at <= ?
			GROUP BY outbound ORDER BY min(next_at), outbound LIMIT ?`, domain, now.Unix(), limit)
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
		return nil, fmt.Errorf("look for mail to %s: %w", domain, err)
	}
	return ids, nil
}

// dueDomains returns the domains that anything is due for, the longest due first.
func (q *Queue) dueDomains(ctx context.Context, now time.Time) (domains []string, err error) {
	err = q.DB.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`
			SELECT domain FROM outbound_recipient WHERE state = 'waiting' AND next_at <= ?
			GROUP BY domain ORDER BY min(next_at)`, now.Unix())
		if err != nil {
			return err
		}
		for rows.Next() {
			var domain string
			if err := rows.Scan(&domain); err != nil {
				return err
			}
			domains = append(domains, domain)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("look for mail that is due: %w", err)
	}
	return domains, nil
}

// nextDue is when the next recipient comes due that is not yet; zero for never.
func (q *Queue) nextDue(ctx context.Context, now time.Time) (next time.Time, err error) {
	var at *int64
	err = q.DB.Read(ctx, func(c *database.Conn) error {
		return c.QueryRow(`SELECT min(next_at) FROM outbound_recipient WHERE state = 'waiting' AND next_at > ?`, now.Unix()).Scan(&at)
	})
	if err != nil {
		return next, fmt.Errorf("look for what comes due next: %w", err)
	}
	if at != nil {
		next = time.Unix(*at, 0)
	}
	return next, nil
}

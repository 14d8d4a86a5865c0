package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"letterbox/database"
	"letterbox/quota"
)

// SetLimit sets what the account may hold; enforced inside Append, Copy, Move to
// another account and CreateMailbox. What it holds already stays. Zero is what its
// domain gives each account, quota.Unlimited any.
func (s *Store) SetLimit(ctx context.Context, id AccountID, l quota.Limit) error {
	return s.write(ctx, func(j *job) error {
		if err := j.ensureAccount(id); err != nil {
			return err
		}
		_, err := j.tx.Exec(`UPDATE account SET limit_bytes = ?, limit_messages = ?, limit_mailboxes = ? WHERE id = ?`,
			l.Bytes, l.Messages, l.Mailboxes, int64(id))
		return err
	})
}

// OwnLimit returns what SetLimit set.
func (s *Store) OwnLimit(ctx context.Context, id AccountID) (l quota.Limit, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		return c.QueryRow(`SELECT limit_bytes, limit_messages, limit_mailboxes FROM account WHERE id = ?`, int64(id)).
			Scan(&l.Bytes, &l.Messages, &l.Mailboxes)
	})
	if err != nil {
		return l, fmt.Errorf("limits of account %d: %w", id, found(err, ErrNoAccount))
	}
	return l, nil
}

// Usage returns what the account holds and may hold: nothing and everything
// while it has no mailbox.
func (s *Store) Usage(ctx context.Context, id AccountID) (u quota.Usage, l quota.Limit, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		a, err := readAccount(c, id)
		if errors.Is(err, ErrNoAccount) {
			return nil
		}
		if err == nil {
			u, l = a.usage, a.limit
		}
		return err
	})
	return u, l, err
}

// A DomainLimit bounds what the accounts of a domain may hold.
type DomainLimit struct {
	Each  quota.Limit // of accounts that have no limit of their own
	Total quota.Limit // of all of them together
}

// SetDomainLimit sets the limits of a domain, by its id in the directory.
func (s *Store) SetDomainLimit(ctx context.Context, domain int64, l DomainLimit) error {
	return s.write(ctx, func(j *job) error {
		_, err := j.tx.Exec(`
			INSERT INTO domain_limit (domain, each_bytes, each_messages, each_mailboxes, total_bytes, total_messages, total_mailboxes)
			VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (domain) DO UPDATE SET
				each_bytes = excluded.each_bytes, each_messages = excluded.each_messages, each_mailboxes = excluded.each_mailboxes,
				total_bytes = excluded.total_bytes, total_messages = excluded.total_messages, total_mailboxes = excluded.total_mailboxes`,
			domain, l.Each.Bytes, l.Each.Messages, l.Each.Mailboxes, l.Total.Bytes, l.Total.Messages, l.Total.Mailboxes)
		return err
	})
}

// DomainUsage returns what the accounts of a domain hold together, and its limits.
func (s *Store) DomainUsage(ctx context.Context, domain int64) (u quota.Usage, l DomainLimit, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		if u, err = domainUsage(c, domain); err != nil {
			return err
		}
		l = DomainLimit{}
		rows, err := c.Query(`
			SELECT each_bytes, each_messages, each_mailboxes, total_bytes, total_messages, total_mailboxes
			FROM domain_limit WHERE domain = ?`, domain)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			err := rows.Scan(&l.Each.Bytes, &l.Each.Messages, &l.Each.Mailboxes, &l.Total.Bytes, &l.Total.Messages, &l.Total.Mailboxes)
			if err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		return u, l, fmt.Errorf("usage of domain %d: %w", domain, err)
	}
	return u, l, nil
}

// domainUsage adds up. A household has some accounts, an office some hundred; a
// count of its own could drift.
func domainUsage(q querier, domain int64) (u quota.Usage, err error) {
	err = q.QueryRow(`
		SELECT coalesce(sum(bytes), 0), coalesce(sum(messages), 0), coalesce(sum(mailboxes), 0)
		FROM account WHERE id IN (SELECT id FROM user WHERE domain = ?)`, domain).
		Scan(&u.Bytes, &u.Messages, &u.Mailboxes)
	return u, err
}

// checkTotal fails with an *quota.OverError when the domain's accounts together
// hold too much now that this one has grown. The accounts are saved already.
func (j *job) checkTotal(a *account) error {
	if a.total == (quota.Limit{}) || j.warns > 0 || !a.grown() {
		return nil
	}
	now, err := domainUsage(j.tx, a.domain)
	if err != nil {
		return err
	}
	more := a.usage.Minus(a.before)
	_, err = a.total.With(a.grace).Add(now.Minus(more), more)
	return ofDomain(err)
}

// ofDomain says in an *quota.OverError whose limit that is.
func ofDomain(err error) error {
	if over := (*quota.OverError)(nil); errors.As(err, &over) {
		over.Domain = true
	}
	return err
}

// Admit reports whether a message of so many bytes that arrives would fit now,
// with the grace that such mail has. INBOX has to have room too, wherever the
// message is for: what finds no place elsewhere goes there. It fails with an
// *quota.OverError, and notes since when that is so: it is Lasting once there was
// Options.CleanUp to make room, or when the message would not fit into an empty
// mailbox.
func (s *Store) Admit(ctx context.Context, id AccountID, size int64) error {
	more := quota.Usage{Bytes: max(size, 1), Messages: 1}
	var a *account
	var in mailboxRow
	var refused error
	err := s.db.Read(ctx, func(c *database.Conn) (err error) {
		a, err = readAccount(c, id)
		if errors.Is(err, ErrNoAccount) {
			a, err = nil, nil
		}
		if err != nil || a == nil {
			return err
		}
		if in, err = findMailbox(c, id, inbox); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		a.grace = s.grace
		refused = cmp.Or(a.use(more), in.Admits(more, a.grace))
		if refused != nil || a.total == (quota.Limit{}) {
			return nil
		}
		now, err := domainUsage(c, a.domain)
		if err == nil {
			_, refused = a.total.With(a.grace).Add(now, more)
			refused = ofDomain(refused)
		}
		return err
	})
	var over *quota.OverError
	if err != nil || !errors.As(refused, &over) {
		return err
	}
	_, never := a.limit.With(a.grace).Add(quota.Usage{}, more)
	over.Lasting = never != nil || in.bounds(quota.Usage{}, more, a.grace) != nil ||
		a.fullSince > 0 && s.cleanUp > 0 && time.Since(time.Unix(a.fullSince, 0)) > s.cleanUp
	if a.fullSince > 0 {
		return over
	}
	return errors.Join(over, s.noteFull(ctx, id))
}

// noteFull notes that mail is refused from now on.
func (s *Store) noteFull(ctx context.Context, id AccountID) error {
	return s.write(ctx, func(j *job) error {
		_, err := j.tx.Exec(`UPDATE account SET full_since = ? WHERE id = ? AND full_since = 0`, time.Now().Unix(), int64(id))
		return err
	})
}

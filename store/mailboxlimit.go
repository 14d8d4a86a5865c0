package store

import (
	"context"
	"errors"

	"github.com/emersion/go-imap/v2"
	"letterbox/quota"
)

// ErrUnlimited says that a mailbox cannot have a limit of its own.
var ErrUnlimited = errors.New("the folders Junk and Trash have no limits of their own: what is thrown away must have a place to go; set after how many days it is removed")

// SetMailboxLimit bounds what a mailbox holds, in bytes and messages, beside what
// its account may; zero lifts a bound. What it holds already stays. It fails with
// ErrNotFound, and with ErrUnlimited for Junk and Trash.
func (s *Store) SetMailboxLimit(ctx context.Context, a AccountID, name string, l quota.Limit) error {
	l.Mailboxes = 0
	return s.alter(ctx, a, name, func(j *job, c *change) error {
		if l != (quota.Limit{}) && !mayBeLimited(c.SpecialUse) {
			return ErrUnlimited
		}
		return j.bound(c, l)
	})
}

// mayBeLimited is false for those that throwing away, and judging, fill.
func mayBeLimited(use imap.MailboxAttr) bool {
	return use != imap.MailboxAttrJunk && use != imap.MailboxAttrTrash
}

func (j *job) bound(c *change, l quota.Limit) error {
	c.Limit = l
	_, err := j.tx.Exec(`UPDATE mailbox SET limit_bytes = ?, limit_messages = ? WHERE id = ?`, l.Bytes, l.Messages, int64(c.ID))
	return err
}

// Usage is what the mailbox holds, as its limit counts it.
func (m *Mailbox) Usage() quota.Usage {
	return quota.Usage{Bytes: m.Bytes, Messages: int64(m.Messages)}
}

// Admits reports whether more fits into the limit of the mailbox, widened by a
// grace; *quota.OverError. What its account may hold is another question.
func (m *Mailbox) Admits(more quota.Usage, g quota.Grace) error {
	return m.bounds(m.Usage(), more, g)
}

// bounds is Admits when the mailbox holds something else.
func (m *Mailbox) bounds(now, more quota.Usage, g quota.Grace) error {
	_, err := m.Limit.With(g).Add(now, more)
	if over := (*quota.OverError)(nil); errors.As(err, &over) {
		over.Folder = m.Name
	}
	return err
}

// checkLimit fails with an *quota.OverError when the transaction leaves more in a
// mailbox than may be in it. It is asked once for all that the transaction did, so
// that no way into a mailbox can miss it, and what goes and comes in one is even.
func (j *job) checkLimit(c *change) error {
	if c.Limit == (quota.Limit{}) || j.warns > 0 {
		return nil
	}
	return c.bounds(c.before, c.Usage().Minus(c.before), j.grace)
}

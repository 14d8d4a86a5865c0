package store

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/emersion/go-imap/v2"
)

// claims are the uids up to which messages are no longer \Recent, where the
// database does not know it yet. Nobody waits for it to be told: that happens
// when the view is closed, and after a crash some messages are \Recent twice,
// which RFC 3501 section 2.3.2 allows.
type claims struct {
	mu   sync.Mutex
	from map[MailboxID]imap.UID
}

func (c *claims) note(m MailboxID, from imap.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from == nil {
		c.from = map[MailboxID]imap.UID{}
	}
	c.from[m] = max(c.from[m], from)
}

func (c *claims) of(m MailboxID) imap.UID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.from[m]
}

func (c *claims) all() map[MailboxID]imap.UID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.from)
}

// settle forgets a claim that the database knows by now.
func (c *claims) settle(m MailboxID, from imap.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from[m] <= from {
		delete(c.from, m)
	}
}

// ClaimRecent returns the first uid that is \Recent to the caller (UIDNEXT when
// none is) and takes \Recent from all others from now on. With peek it takes
// nothing (EXAMINE).
func (v *View) ClaimRecent(peek bool) imap.UID {
	v.mu.Lock()
	defer v.mu.Unlock()
	from, next := v.row.recentFrom, v.row.UIDNext
	if !peek && from < next {
		v.row.recentFrom = next
		v.store.claims.note(v.id, next)
	}
	return min(from, next)
}

// countRecent returns how many messages are \Recent, where claimed is not in
// the database yet.
func countRecent(q querier, m mailboxRow, claimed imap.UID) (n uint32, err error) {
	from := max(m.recentFrom, claimed)
	switch {
	case from >= m.UIDNext:
		return 0, nil
	case from == 1:
		return m.Messages, nil
	}
	err = q.QueryRow(`SELECT count(*) FROM entry WHERE mailbox = ? AND uid >= ?`, int64(m.ID), int64(from)).Scan(&n)
	return n, err
}

// saveClaims tells the database of the claims, those of open views too.
func (s *Store) saveClaims(ctx context.Context) error {
	claimed := s.claims.all()
	if len(claimed) == 0 {
		return nil
	}
	err := s.write(ctx, func(j *job) error {
		for m, from := range claimed {
			_, err := j.tx.Exec(`UPDATE mailbox SET recent_from = max(recent_from, ?) WHERE id = ?`, int64(from), int64(m))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save what was claimed as recent: %w", err)
	}
	for m, from := range claimed {
		s.claims.settle(m, from)
	}
	return nil
}

package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
)

// A catalog is what searching and sorting need of a mailbox's messages, in
// memory: by uid, what never changes. So it need not hear of changes: what has
// arrived is read when somebody asks, what is gone is not asked for. It outlives
// the view, since clients sort and search over new connections, and is dropped
// when nobody has used it for a while.
type catalog struct {
	box MailboxID

	mu       sync.Mutex // held over reading: who wants the same waits for it
	account  AccountID
	uids     []imap.UID // ascending; append only
	messages []MessageID

	used time.Time // guarded by catalogs
}

// catalogs are those in memory.
type catalogs struct {
	mu   sync.Mutex
	list map[MailboxID]*catalog
}

// Catalogs are dropped when nobody has used them for catalogIdle, and the
// longest unused ones when there are more than maxCatalogs.
const (
	catalogIdle = 5 * time.Minute
	maxCatalogs = 100
)

// get returns a mailbox's catalog; it may have to be read yet.
func (cs *catalogs) get(m MailboxID) *catalog {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.list[m]
	if c == nil {
		if cs.list == nil {
			cs.list = map[MailboxID]*catalog{}
		}
		cs.shrink()
		c = &catalog{box: m}
		cs.list[m] = c
	}
	c.used = time.Now()
	return c
}

// shrink makes room for one more; cs.mu is held.
func (cs *catalogs) shrink() {
	if len(cs.list) < maxCatalogs {
		return
	}
	var oldest *catalog
	for _, c := range cs.list {
		if oldest == nil || c.used.Before(oldest.used) {
			oldest = c
		}
	}
	delete(cs.list, oldest.box)
}

// expire drops those that nobody has used for long.
func (cs *catalogs) expire(now time.Time) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for m, c := range cs.list {
		if now.Sub(c.used) > catalogIdle {
			delete(cs.list, m)
		}
	}
}

// catalogChunk is how many messages are read in one transaction.
const catalogChunk = 5000

// refresh reads what has arrived; c.mu is held.
func (c *catalog) refresh(ctx context.Context, s *Store) error {
	for {
		n, err := c.readOn(ctx, s)
		if err != nil {
			return fmt.Errorf("read catalog of mailbox %d: %w", c.box, err)
		}
		if n < catalogChunk {
			return nil
		}
	}
}

func (c *catalog) readOn(ctx context.Context, s *Store) (n int, err error) {
	last := imap.UID(0)
	if len(c.uids) > 0 {
		last = c.uids[len(c.uids)-1]
	}
	err = s.db.Read(ctx, func(conn *database.Conn) error {
		if c.account == 0 {
			row, err := readMailbox(conn, c.box)
			if err != nil {
				return err
			}
			c.account = row.Account
		}
		rows, err := conn.Query(`SELECT uid, message FROM entry WHERE mailbox = ? AND uid > ? ORDER BY uid LIMIT ?`, int64(c.box), int64(last), catalogChunk)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var uid, message int64
			if err := rows.Scan(&uid, &message); err != nil {
				return err
			}
			c.uids, c.messages = append(c.uids, imap.UID(uid)), append(c.messages, MessageID(message))
			n++
		}
		return rows.Err()
	})
	return n, err
}

// identities returns uids and messages, parallel, ascending by uid; not to be
// written. Some may be gone.
func (c *catalog) identities(ctx context.Context, s *Store) (AccountID, []imap.UID, []MessageID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(ctx, s); err != nil {
		return 0, nil, nil, err
	}
	return c.account, slices.Clip(c.uids), slices.Clip(c.messages), nil
}

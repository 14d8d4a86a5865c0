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

	turn     chan struct{} // of one: held over reading; who wants the same waits for it
	account  AccountID
	origin   string     // of the account's index
	uids     []imap.UID // ascending; append only
	messages []MessageID
	cards    []Card // of the first of uids; none until somebody sorts
	words    *words

	used   time.Time // guarded by catalogs, as weight
	weight int       // number of cards
}

func (c *catalog) lock(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *catalog) unlock() { <-c.turn }

// catalogs are those in memory.
type catalogs struct {
	most int // cards in them all

	mu   sync.Mutex
	list map[MailboxID]*catalog
}

// Catalogs are dropped when nobody has used them for catalogIdle, and the
// longest unused ones when there are more than maxCatalogs, or more than
// maxCards in them all: some 50 MB, and an eighth of it where memory is short.
const (
	catalogIdle = 5 * time.Minute
	maxCatalogs = 100
	maxCards    = 300_000
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
		if len(cs.list) >= maxCatalogs {
			cs.dropOldest(nil)
		}
		c = &catalog{box: m, turn: make(chan struct{}, 1), words: &words{}}
		cs.list[m] = c
	}
	c.used = time.Now()
	return c
}

// dropOldest drops the longest unused one but keep; cs.mu is held. Who uses it
// still has it.
func (cs *catalogs) dropOldest(keep *catalog) (dropped bool) {
	var oldest *catalog
	for _, c := range cs.list {
		if c != keep && (oldest == nil || c.used.Before(oldest.used)) {
			oldest = c
		}
	}
	if oldest != nil {
		delete(cs.list, oldest.box)
	}
	return oldest != nil
}

// weigh notes how large a catalog has become and drops others for it.
func (cs *catalogs) weigh(c *catalog) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c.weight = len(c.cards)
	for cs.total() > cs.most && cs.dropOldest(c) {
	}
}

func (cs *catalogs) total() (n int) {
	for _, c := range cs.list {
		n += c.weight
	}
	return n
}

// any reports whether there are any.
func (cs *catalogs) any() bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return len(cs.list) > 0
}

// expire drops those that nobody has used for long.
func (cs *catalogs) expire(now time.Time) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for m, c := range cs.list {
		if now.Sub(c.used) > catalogIdle || c.weight > cs.most {
			delete(cs.list, m)
		}
	}
}

// catalogChunk is how many messages are read in one transaction.
const catalogChunk = 5000

// refresh reads what has arrived; the lock is held.
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
		messages, err := c.entryCount(conn)
		if err != nil {
			return err
		}
		if len(c.uids) > 2*messages+catalogChunk { // most are gone
			c.uids, c.messages, c.cards, c.words, last = nil, nil, nil, &words{}, 0
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
func (c *catalog) identities(ctx context.Context, s *Store) (identities, error) {
	if err := c.lock(ctx); err != nil {
		return identities{}, err
	}
	defer c.unlock()
	if err := c.refresh(ctx, s); err != nil {
		return identities{}, err
	}
	return identities{c.account, c.origin, slices.Clip(c.uids), slices.Clip(c.messages)}, nil
}

// identities are which messages stand under which uids in a mailbox.
type identities struct {
	account  AccountID
	origin   string
	uids     []imap.UID
	messages []MessageID
}

// forget drops them all.
func (cs *catalogs) forget() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	clear(cs.list)
}

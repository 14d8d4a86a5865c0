package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
)

// registry holds the views that somebody has open, and those that were open
// lately: a client that reconnects every minute should not have its mailbox read
// every minute. Those are kept up to date like the others.
type registry struct {
	most  int // messages in views that nobody has open
	worth int // messages from which on a view leaves an imprint; 0: none does

	mu      sync.Mutex
	views   map[MailboxID]*View
	idle    []*View // of views, those that nobody has open, the one closed last at the end
	dropped []*View // no longer of views, and perhaps without an imprint
}

// idleMessages bounds how many messages the views that nobody has open hold
// together: 20 MB, and an eighth of it where memory is short.
const idleMessages = 1_000_000

// View opens the shared view. Close it, once. ErrNotFound.
func (s *Store) View(ctx context.Context, m MailboxID) (*View, error) {
	for {
		v, first := s.views.open(s, m)
		if first {
			v.load(ctx)
		}
		select {
		case <-v.loaded:
		case <-ctx.Done():
			v.Close()
			return nil, ctx.Err()
		}
		if v.err == nil {
			return v, nil
		}
		v.Close()
		// The one who loaded it may have lost patience; that is not our end.
		if first || ctx.Err() != nil || !isContextError(v.err) {
			return nil, fmt.Errorf("open mailbox %d: %w", m, v.err)
		}
	}
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// open returns the view, and whether the caller is to load it.
func (r *registry) open(s *Store, m MailboxID) (v *View, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.views[m]; v != nil {
		if v.users == 0 {
			r.idle = slices.DeleteFunc(r.idle, func(other *View) bool { return other == v })
		}
		v.users++
		return v, false
	}
	if r.views == nil {
		r.views = map[MailboxID]*View{}
	}
	v = &View{store: s, id: m, users: 1, loaded: make(chan struct{})}
	r.views[m] = v
	return v, true
}

// forget takes a view out, so that the next to ask loads another.
func (r *registry) forget(v *View) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.views[v.id] == v {
		delete(r.views, v.id)
	}
}

// apply hands a change to the mailbox's view, if there is one.
func (r *registry) apply(c *change) {
	r.mu.Lock()
	v := r.views[c.ID]
	r.mu.Unlock()
	if v == nil {
		return
	}
	v.apply(c)
	if c.gone {
		r.mu.Lock()
		r.shrink()
		r.mu.Unlock()
	}
}

// Close gives the view up. Once for each time it was opened.
func (v *View) Close() {
	if v.store.views.close(v) {
		v.store.cleaner.wake() // to save what was claimed
	}
}

// close reports whether nobody has the view open any more.
func (r *registry) close(v *View) (last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v.users--
	if v.users > 0 {
		return false
	}
	if r.views[v.id] == v {
		r.idle = append(r.idle, v)
		r.shrink()
	}
	return true
}

// shrink drops of the idle views those that were closed first, until the others
// are small enough, and those of mailboxes that are gone. r.mu is held.
func (r *registry) shrink() {
	held := 0
	for i := len(r.idle) - 1; i >= 0; i-- {
		v := r.idle[i]
		messages, gone := v.extent()
		if held += messages; gone || held > r.most {
			held -= messages
			delete(r.views, v.id)
			r.idle = slices.Delete(r.idle, i, i+1)
			if !gone && r.worth > 0 {
				r.dropped = append(r.dropped, v)
			}
		}
	}
}

// toKeep takes those that were dropped, and lists those that nobody has open;
// with all, every one that is left.
func (r *registry) toKeep(all bool) (dropped, held []*View) {
	r.mu.Lock()
	defer r.mu.Unlock()
	dropped, r.dropped = r.dropped, nil
	if all {
		return dropped, slices.Collect(maps.Values(r.views))
	}
	return dropped, slices.Clone(r.idle)
}

// extent is how many messages the view holds, and whether its mailbox is gone.
func (v *View) extent() (messages int, gone bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.uids), v.gone
}

// load reads the mailbox while commits go on. It was in the registry before the
// reading transaction began: whatever that does not see is queued. What it does
// see and is queued as well is told by its modseq and passed over.
func (v *View) load(ctx context.Context) {
	defer close(v.loaded)
	claimed := v.store.claims.of(v.id) // before: it may become the database's meanwhile
	var p picture
	err := v.store.db.Read(ctx, func(c *database.Conn) (err error) {
		p, err = readPicture(c, v.id, v.store.views.worth)
		return err
	})
	if err != nil {
		v.err = err
		v.store.views.forget(v)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.row, v.words, v.grants = p.row, p.words, p.grants
	v.uids, v.flags, v.modseqs = p.uids, p.flags, p.modseqs
	v.kept = p.kept
	v.row.recentFrom = max(v.row.recentFrom, claimed)
	v.trail.from = v.row.ModSeq
	for _, c := range v.queue {
		v.update(c)
	}
	v.queue, v.ready = nil, true
}

// picture is a mailbox as one reading transaction sees it.
type picture struct {
	row     mailboxRow
	words   vocabulary
	grants  acl
	uids    []imap.UID
	flags   []Flags
	modseqs []ModSeq
	kept    ModSeq // of the imprint that it was made from; 0: of none
}

// readPicture reads the columns from an imprint if that is worth it and there is
// one that will do, else from the rows.
func readPicture(q querier, m MailboxID, worth int) (p picture, err error) {
	if p.row, err = readMailbox(q, m); err != nil {
		return p, err
	}
	if p.words, err = readVocabulary(q, m); err != nil {
		return p, err
	}
	if p.grants, err = readACL(q, m); err != nil {
		return p, err
	}
	n := int(p.row.Messages)
	if worth > 0 && n >= worth {
		if done, err := p.fromImprint(q); done || err != nil {
			return p, err
		}
	}
	p.uids, p.flags, p.modseqs = make([]imap.UID, 0, n), make([]Flags, 0, n), make([]ModSeq, 0, n)
	p.kept = 0
	return p, p.readFrom(q, 1)
}

// readFrom adds the messages from a uid on.
func (p *picture) readFrom(q querier, uid imap.UID) error {
	return q.Each(func(row []driver.Value) error {
		e := entryOf(row)
		p.uids, p.flags, p.modseqs = append(p.uids, e.UID), append(p.flags, e.Flags), append(p.modseqs, e.ModSeq)
		return nil
	}, `SELECT uid, flags, modseq FROM entry WHERE mailbox = ? AND uid >= ? ORDER BY uid`, int64(p.row.ID), int64(uid))
}

package store

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
)

// Who owns a mailbox chooses whether those who share it have one \Seen for all,
// or each their own. In the second case the flag in the entry is the owner's, and
// what others have read stands in a table by reader. Such a change gives the
// message a modseq like every other, so that the reader's other sessions hear of
// it; to everybody else nothing has changed.

// SetOwnSeen chooses for a mailbox. What others have read begins with nothing;
// sessions that have the mailbox selected go on as before until they select it
// again.
func (s *Store) SetOwnSeen(ctx context.Context, a AccountID, name string, own bool) error {
	return s.alter(ctx, a, name, func(j *job, c *change) error {
		c.OwnSeen = own
		_, err := j.tx.Exec(`UPDATE mailbox SET own_seen = ? WHERE id = ?`, own, int64(c.ID))
		return err
	})
}

// readsApart reports whether somebody's \Seen is not that of the entry.
func (m *Mailbox) readsApart(who AccountID) bool { return m.OwnSeen && who != 0 && who != m.Account }

// UnseenBy counts the messages that somebody has not read.
func (s *Store) UnseenBy(ctx context.Context, m MailboxID, who AccountID) (n uint32, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		row, err := readMailbox(c, m)
		if err != nil {
			return err
		}
		n, err = unseenBy(c, &row.Mailbox, who)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("unread messages of mailbox %d: %w", m, err)
	}
	return n, nil
}

func unseenBy(q querier, m *Mailbox, who AccountID) (uint32, error) {
	if !m.readsApart(who) {
		return m.Unseen, nil
	}
	var seen uint32
	err := q.QueryRow(`SELECT count(*) FROM seen WHERE account = ? AND mailbox = ?`, int64(who), int64(m.ID)).Scan(&seen)
	return m.Messages - min(seen, m.Messages), err
}

// seenAmong returns which of the uids somebody has read.
func seenAmong(q querier, m MailboxID, who AccountID, uids imap.UIDSet) (map[imap.UID]bool, error) {
	seen := map[imap.UID]bool{}
	walk := cursor{rest: ranges(uids, maxUID)}
	for {
		p, ok := walk.next(chunkRows)
		if !ok {
			return seen, nil
		}
		where, args := p.where()
		some, err := queryAll(q, scanID, `SELECT uid FROM seen WHERE account = ? AND mailbox = ? AND `+where,
			append([]any{int64(who), int64(m)}, args...)...)
		if err != nil {
			return nil, err
		}
		for _, uid := range some {
			seen[imap.UID(uid)] = true
		}
	}
}

// asRead gives rows the \Seen that somebody sees on them who reads apart.
func (j *job) asRead(c *change, who AccountID, rows []entryRow) error {
	seen, err := seenAmong(j.tx, c.ID, who, uidsOf(rows))
	for i := range rows {
		rows[i].Flags = withSeen(rows[i].Flags, seen[rows[i].UID])
	}
	return err
}

func withSeen(f Flags, seen bool) Flags {
	if seen {
		return f | Seen
	}
	return f &^ Seen
}

// A reading is a change of what somebody has read.
type reading struct {
	who  AccountID
	uid  imap.UID
	seen bool
}

// read notes that somebody has read, or not read, messages that are there.
func (j *job) read(c *change, who AccountID, uids imap.UIDSet, seen bool) error {
	if len(uids) == 0 {
		return nil
	}
	for _, r := range uids {
		for uid := r.Start; uid <= r.Stop && uid != 0; uid++ {
			c.readings = append(c.readings, reading{who, uid, seen})
		}
	}
	if seen {
		return j.eachPiece(c.ID, uids, `INSERT OR IGNORE INTO seen (account, mailbox, uid) SELECT ?, mailbox, uid FROM entry`, ``, int64(who))
	}
	return j.eachPiece(c.ID, uids, `DELETE FROM seen`, fmt.Sprintf(` AND account = %d`, who))
}

// forgetSeen removes what is known of messages that are gone.
func (j *job) forgetSeen(m MailboxID, uids imap.UIDSet) error {
	return j.eachPiece(m, uids, `DELETE FROM seen`, ``)
}

// forgetReader removes a chunk of what an account has read.
func (j *job) forgetReader(who AccountID) (more bool, err error) {
	res, err := j.tx.Exec(`
		DELETE FROM seen WHERE account = ?1 AND (mailbox, uid) IN (SELECT mailbox, uid FROM seen WHERE account = ?1 LIMIT ?2)`,
		int64(who), chunkRows)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == chunkRows, err
}

// A Sight is a view as somebody sees it: with their own \Seen, where the mailbox
// has it. Close it like the view.
type Sight struct {
	*View
	reader *reader // nil: \Seen is that of the entries
}

// A reader is what somebody has read of a mailbox, shared by their sessions. Its
// fields are guarded by the view's lock.
type reader struct {
	loaded chan struct{} // closed when the load ended
	err    error         // of the load; read after loaded
	ready  bool
	queue  []reading // commits that came while it was loading
	seen   []imap.UIDRange
}

// Sight opens the shared view for somebody. Close it, once. ErrNotFound.
func (s *Store) Sight(ctx context.Context, m MailboxID, who AccountID) (*Sight, error) {
	v, err := s.View(ctx, m)
	if err != nil {
		return nil, err
	}
	r, err := v.readBy(ctx, who)
	if err != nil {
		v.Close()
		return nil, fmt.Errorf("open mailbox %d for account %d: %w", m, who, err)
	}
	return &Sight{v, r}, nil
}

// readBy returns what somebody has read, loaded; nil where that is in the entries.
func (v *View) readBy(ctx context.Context, who AccountID) (*reader, error) {
	v.mu.Lock()
	if !v.row.readsApart(who) {
		v.mu.Unlock()
		return nil, nil
	}
	r := v.readers[who]
	first := r == nil
	if first {
		if v.readers == nil {
			v.readers = map[AccountID]*reader{}
		}
		r = &reader{loaded: make(chan struct{})}
		v.readers[who] = r
	}
	v.mu.Unlock()
	if first {
		v.loadReader(ctx, who, r)
	}
	select {
	case <-r.loaded:
		return r, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// loadReader reads while commits go on. It is among the readers already: what the
// reading transaction does not see is queued, and what it does see is told twice,
// which changes nothing.
func (v *View) loadReader(ctx context.Context, who AccountID, r *reader) {
	defer close(r.loaded)
	var uids []int64
	err := v.store.db.Read(ctx, func(c *database.Conn) (err error) {
		uids, err = queryAll(c, scanID, `SELECT uid FROM seen WHERE account = ? AND mailbox = ? ORDER BY uid`, int64(who), int64(v.id))
		return err
	})
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil {
		r.err = err
		delete(v.readers, who)
		return
	}
	var set imap.UIDSet
	for _, uid := range uids {
		set = appendUID(set, imap.UID(uid))
	}
	r.seen = set
	for _, change := range r.queue {
		r.set(change.uid, change.seen)
	}
	r.queue, r.ready = nil, true
}

// note brings the readers up to date with a commit; v.mu is held.
func (v *View) note(readings []reading) {
	for _, change := range readings {
		r := v.readers[change.who]
		switch {
		case r == nil:
		case r.ready:
			r.set(change.uid, change.seen)
		default:
			r.queue = append(r.queue, change)
		}
	}
}

// find returns the first range that ends at uid or above.
func (r *reader) find(uid imap.UID) int {
	return sort.Search(len(r.seen), func(i int) bool { return r.seen[i].Stop >= uid })
}

func (r *reader) has(uid imap.UID) bool {
	i := r.find(uid)
	return i < len(r.seen) && r.seen[i].Start <= uid
}

// set puts a uid in or takes it out.
func (r *reader) set(uid imap.UID, seen bool) {
	if r.has(uid) == seen {
		return
	}
	i := r.find(uid)
	if !seen {
		before, after := r.seen[i], r.seen[i]
		before.Stop, after.Start = uid-1, uid+1
		var left []imap.UIDRange
		for _, part := range []imap.UIDRange{before, after} {
			if part.Start <= part.Stop {
				left = append(left, part)
			}
		}
		r.seen = slices.Replace(r.seen, i, i+1, left...)
		return
	}
	joins := i > 0 && r.seen[i-1].Stop == uid-1
	reaches := i < len(r.seen) && r.seen[i].Start == uid+1
	switch {
	case joins && reaches:
		r.seen[i-1].Stop = r.seen[i].Stop
		r.seen = slices.Delete(r.seen, i, i+1)
	case joins:
		r.seen[i-1].Stop = uid
	case reaches:
		r.seen[i].Start = uid
	default:
		r.seen = slices.Insert(r.seen, i, imap.UIDRange{Start: uid, Stop: uid})
	}
}

// Entry is View.Entry.
func (s *Sight) Entry(uid imap.UID) (Entry, bool) {
	e, ok := s.View.Entry(uid)
	if ok {
		e = s.seenBy([]Entry{e})[0]
	}
	return e, ok
}

// Entries is View.Entries.
func (s *Sight) Entries(dst []Entry, uids []imap.UID) []Entry {
	n := len(dst)
	dst = s.View.Entries(dst, uids)
	s.seenBy(dst[n:])
	return dst
}

// Changed is View.Changed.
func (s *Sight) Changed(dst []Entry, uids []imap.UID, since ModSeq) []Entry {
	n := len(dst)
	dst = s.View.Changed(dst, uids, since)
	s.seenBy(dst[n:])
	return dst
}

// seenBy gives the entries the reader's \Seen.
func (s *Sight) seenBy(entries []Entry) []Entry {
	if s.reader == nil {
		return entries
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range entries {
		entries[i].Flags = withSeen(entries[i].Flags, s.reader.has(entries[i].UID))
	}
	return entries
}

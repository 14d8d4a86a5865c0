package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/store/index"
)

// When new messages are indexed: many together, or when the first has waited so
// long, and then not while more are arriving: deliveries come first, until it has
// waited too long. One by one they would cost ten times the writing; what waits
// is found all the same, by reading it.
const (
	indexCrowd   = 200
	indexWait    = 10 * time.Second
	indexQuiet   = time.Second
	indexTooLong = time.Minute

	// indexRest is how long it sleeps when nothing waits: what an idle machine is
	// woken for costs it battery and warmth.
	indexRest = time.Minute
)

// What one transaction indexes, or takes out, at most.
const (
	indexRows  = 500
	indexBytes = 4 << 20
)

// indexer brings the search indexes up to date behind the deliveries, on a
// goroutine of its own. What is still to be done stands in the database and the
// indexes, so that a crash loses nothing.
type indexer struct {
	store  *Store
	set    *index.Set
	woken  chan struct{} // of one
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	accounts map[AccountID]*backlog

	turn sync.Mutex // held by who changes an index, for one step
}

// A backlog is what is to be done for an account.
type backlog struct {
	since    time.Time // when the first message arrived; zero: nothing to add
	last     time.Time // when the last one did
	arrived  int
	gone     []int64  // messages to be taken out
	coverage Coverage // as of the last step, and what has arrived since
	late     int64    // arrived since the step that is under way began: it may not see them
}

// startIndexer starts it, unless it is to keep still; every account is looked at
// after a while.
func startIndexer(s *Store, dir string, still bool) (*indexer, error) {
	set, err := index.Open(dir, s.log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	x := &indexer{
		store: s, set: set, woken: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{}),
		accounts: map[AccountID]*backlog{},
	}
	if still {
		close(x.done)
		return x, nil
	}
	go x.run(ctx)
	return x, nil
}

func (x *indexer) stop() error {
	x.cancel()
	<-x.done
	return x.set.Close()
}

// of returns an account's backlog; x.mu is held.
func (x *indexer) of(a AccountID) *backlog {
	b := x.accounts[a]
	if b == nil {
		b = &backlog{}
		x.accounts[a] = b
	}
	return b
}

// arrived says that messages were added to an account. It is called on the
// writer's goroutine.
func (x *indexer) arrived(a AccountID, n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	b := x.of(a)
	b.arrived += n
	b.coverage.Waiting += int64(n)
	b.late += int64(n)
	b.last = time.Now()
	if b.since.IsZero() {
		b.since = b.last
		x.wake()
	}
}

// dueIn says how long it is until the backlog is to be worked off, 0 for now;
// false: there is none.
func (b *backlog) dueIn(now time.Time) (time.Duration, bool) {
	if len(b.gone) > 0 {
		return 0, true
	}
	if b.since.IsZero() {
		return 0, false
	}
	wait := time.Duration(0)
	if b.arrived < indexCrowd {
		wait = indexWait - now.Sub(b.since)
	}
	wait = max(wait, indexQuiet-now.Sub(b.last))
	return max(0, min(wait, indexTooLong-now.Sub(b.since))), true
}

// left says that a message is nowhere any more.
func (x *indexer) left(a AccountID, id MessageID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	b := x.of(a)
	b.gone = append(b.gone, int64(id))
}

// forget removes the index of an account.
func (x *indexer) forget(a AccountID) {
	x.turn.Lock()
	defer x.turn.Unlock()
	x.mu.Lock()
	delete(x.accounts, a)
	x.mu.Unlock()
	if err := x.set.Drop(int64(a)); err != nil {
		x.store.log.Error("search index was not removed", "account", a, "error", err)
	}
}

func (x *indexer) wake() {
	select {
	case x.woken <- struct{}{}:
	default:
	}
}

func (x *indexer) run(ctx context.Context) {
	defer close(x.done)
	began, known := time.Now(), false
	timer := time.NewTimer(indexWait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-x.woken:
		}
		if !known && time.Since(began) >= indexWait {
			known = x.learn(ctx)
		}
		due, wait := x.due(time.Now())
		if x.store.catalogs.any() { // they are to be dropped in time
			wait = min(wait, indexWait)
		}
		timer.Reset(wait)
		for _, a := range due {
			if err := x.catchUp(ctx, a, resting, nil); err != nil && ctx.Err() == nil {
				x.store.log.Error("messages were not indexed for searching; it is tried again", "account", a, "error", err)
				x.again(a)
			}
		}
		x.store.catalogs.expire(time.Now())
	}
}

// learn puts every account on the list, since nobody knows what happened before
// this process, and removes indexes of accounts that are gone.
func (x *indexer) learn(ctx context.Context) (ok bool) {
	accounts, err := x.store.accountIDs(ctx)
	if err != nil {
		return false
	}
	for _, a := range accounts {
		x.again(a)
	}
	present, err := x.set.Accounts()
	if err != nil {
		return false
	}
	for _, id := range present {
		if !slices.Contains(accounts, AccountID(id)) {
			x.forget(AccountID(id))
		}
	}
	return true
}

func (s *Store) accountIDs(ctx context.Context) (accounts []AccountID, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		ids, err := queryAll(c, scanID, `SELECT id FROM account ORDER BY id`)
		for _, id := range ids {
			accounts = append(accounts, AccountID(id))
		}
		return err
	})
	return accounts, err
}

// again puts an account on the list, due at once.
func (x *indexer) again(a AccountID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.of(a).since = time.Now().Add(-indexTooLong)
}

// due takes the accounts off the list that have waited long enough, and says when
// to look again.
func (x *indexer) due(now time.Time) (due []AccountID, again time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	again = indexRest
	for a, b := range x.accounts {
		switch wait, waiting := b.dueIn(now); {
		case !waiting:
		case wait > 0:
			again = min(again, wait)
		default:
			b.since, b.arrived = time.Time{}, 0
			due = append(due, a)
		}
	}
	slices.Sort(due)
	return due, again
}

// takeGone returns messages to be taken out, as many as one transaction takes.
func (x *indexer) takeGone(a AccountID) []int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	b := x.of(a)
	n := min(len(b.gone), indexRows)
	gone := b.gone[:n:n]
	if b.gone = b.gone[n:]; len(b.gone) == 0 {
		b.gone = nil
	}
	return gone
}

// pace says how much of the machine indexing may take.
type pace uint8

const (
	resting pace = iota // as long a pause as each step took: others come first
	hurried
)

// catchUp takes out what is gone and indexes what is not in yet. progress, if
// not nil, is called after each step of the latter.
func (x *indexer) catchUp(ctx context.Context, a AccountID, p pace, progress func(done, of int64)) error {
	for gone := x.takeGone(a); len(gone) > 0; gone = x.takeGone(a) {
		began := time.Now()
		if err := x.takeOut(ctx, a, gone); err != nil {
			return fmt.Errorf("take messages out of the index of account %d: %w", a, err)
		}
		if err := p.rest(ctx, began); err != nil {
			return err
		}
	}
	for {
		began := time.Now()
		more, err := x.step(ctx, a, progress)
		if errors.Is(err, index.ErrDamaged) {
			more, err = true, nil // it is gone, and begun anew
		}
		if err != nil {
			return fmt.Errorf("index account %d: %w", a, err)
		}
		if !more {
			return nil
		}
		if err := p.rest(ctx, began); err != nil {
			return err
		}
	}
}

// takeOut removes some of what is gone.
func (x *indexer) takeOut(ctx context.Context, a AccountID, gone []int64) error {
	x.turn.Lock()
	defer x.turn.Unlock()
	if !x.exists(a) {
		return nil
	}
	err := x.set.Use(ctx, int64(a), func(ix *index.Index) error { return ix.Remove(ctx, gone) })
	if errors.Is(err, index.ErrDamaged) {
		return nil
	}
	return err
}

// rest is what comes after a step that began then.
func (p pace) rest(ctx context.Context, began time.Time) error {
	if p == hurried {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Since(began)):
		return nil
	}
}

// exists reports whether the account has an index file.
func (x *indexer) exists(a AccountID) bool {
	_, err := os.Stat(x.set.Path(int64(a)))
	return err == nil
}

// step indexes one batch.
func (x *indexer) step(ctx context.Context, a AccountID, progress func(done, of int64)) (more bool, err error) {
	x.turn.Lock()
	defer x.turn.Unlock()
	x.begin(a)
	boxes, origin, err := x.store.mailboxEnds(ctx, a)
	if err != nil || len(boxes) == 0 {
		return false, err
	}
	err = x.set.Use(ctx, int64(a), func(ix *index.Index) error {
		if err := ofOrigin(ix, origin); err != nil {
			return err
		}
		positions, err := ix.Positions(ctx)
		if err != nil {
			return err
		}
		b := &indexBatch{store: x.store, index: ix, in: map[int64]bool{}}
		total, waiting := int64(0), int64(0)
		for _, box := range boxes {
			last, at := int64(box.uidNext)-1, positions[int64(box.id)]
			if at > last {
				at = 0
			}
			total += last
			if at < last && !b.full() {
				if at, err = b.take(ctx, box.id, at, last); err != nil {
					return err
				}
			}
			waiting += last - at
		}
		if len(b.positions) > 0 {
			if err := ix.Add(ctx, origin, b.docs, b.positions); err != nil {
				return err
			}
		}
		x.note(a, int64(ix.Len()), waiting)
		if progress != nil {
			progress(total-waiting, total)
		}
		more = waiting > 0
		return nil
	})
	return more, err
}

// begin comes before a step looks what there is.
func (x *indexer) begin(a AccountID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.of(a).late = 0
}

// note says what a step has come to. What arrived meanwhile is counted as
// waiting even if the step took it: better than the other way round, and the next
// step, which is due by then, sets it right.
func (x *indexer) note(a AccountID, indexed, waiting int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	b := x.of(a)
	b.coverage = Coverage{Indexed: indexed, Waiting: waiting + b.late}
}

// mailboxEnd is a mailbox and where its uids end.
type mailboxEnd struct {
	id      MailboxID
	uidNext imap.UID
}

// mailboxEnds returns those of an account, and what its messages' ids are from.
func (s *Store) mailboxEnds(ctx context.Context, a AccountID) (boxes []mailboxEnd, origin string, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		if origin, err = readOrigin(c, a); err != nil {
			return err
		}
		boxes, err = queryAll(c, func(row scanner) (m mailboxEnd, err error) {
			err = row.Scan(&m.id, &m.uidNext)
			return m, err
		}, `SELECT id, uidnext FROM mailbox WHERE account = ? ORDER BY id`, int64(a))
		return err
	})
	return boxes, origin, err
}

// readOrigin tells one life of an account from another: a database that was
// restored or rebuilt gives its ids to other messages, and new UIDVALIDITYs to
// its mailboxes.
func readOrigin(q querier, a AccountID) (origin string, err error) {
	err = q.QueryRow(`SELECT coalesce(max(id || '/' || uidvalidity), '') FROM mailbox WHERE account = ? AND name = ?`, int64(a), inbox).Scan(&origin)
	return origin, err
}

// ofOrigin fails for an index of another life of the account.
func ofOrigin(ix *index.Index, origin string) error {
	if known := ix.Origin(); known != "" && known != origin {
		return index.ErrForeign
	}
	return nil
}

// An indexBatch is what one transaction will add.
type indexBatch struct {
	store     *Store
	index     *index.Index
	in        map[int64]bool // messages of this batch
	entries   int
	bytes     int
	docs      []index.Doc
	positions []index.Position
}

func (b *indexBatch) full() bool { return b.entries >= indexRows || b.bytes >= indexBytes }

// take reads messages of a mailbox with uids above at, and returns up to which.
func (b *indexBatch) take(ctx context.Context, m MailboxID, at, last int64) (int64, error) {
	entries, err := b.store.entriesAfter(ctx, m, imap.UID(at), indexRows-b.entries)
	if err != nil {
		return 0, err
	}
	whole := len(entries) < indexRows-b.entries
	b.entries += len(entries)
	var missing imap.UIDSet
	for _, e := range entries {
		if id := int64(e.message); !b.in[id] && !b.index.Has(id) {
			b.in[id] = true
			missing = appendUID(missing, e.UID)
		}
	}
	upTo := imap.UID(0)
	if len(missing) > 0 {
		err = b.store.Rows(ctx, m, missing, WithParts|WithBody, func(row *Row) error {
			if b.bytes >= indexBytes {
				return errBatchFull
			}
			upTo = row.UID
			b.add(ctx, row)
			return ctx.Err()
		})
	}
	switch {
	case errors.Is(err, errBatchFull):
		at = int64(upTo)
	case err != nil:
		return 0, err
	case whole:
		at = last
	default:
		at = int64(entries[len(entries)-1].UID)
	}
	b.positions = append(b.positions, index.Position{Mailbox: int64(m), UID: at})
	return at, nil
}

var errBatchFull = errors.New("the batch is full")

// add takes up a message. One that cannot be read, or is too long, is left out
// of the index: every search reads it, and complains if it must.
func (b *indexBatch) add(ctx context.Context, row *Row) {
	header, body, err := b.store.foldedText(ctx, row)
	if err != nil {
		if !errors.Is(err, errLongText) && ctx.Err() == nil {
			b.store.log.Debug("message was not indexed", "message", row.Message, "error", err)
		}
		return
	}
	b.bytes += len(header) + len(body)
	b.docs = append(b.docs, index.Doc{ID: int64(row.Message), Header: header, Body: body})
}

// entriesAfter returns entries of a mailbox with uids above one.
func (s *Store) entriesAfter(ctx context.Context, m MailboxID, after imap.UID, limit int) (entries []entryRow, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		p := piece{UIDRange: imap.UIDRange{Start: after + 1, Stop: math.MaxUint32}}
		entries, err = readEntries(c, m, p, limit)
		return err
	})
	return entries, err
}

// Coverage says how far the search indexes are.
type Coverage struct {
	Indexed int64 // messages in them
	Waiting int64 // messages that are still to be looked at; searches read them
}

// Coverage returns that of all accounts that were looked at since the start.
func (s *Store) Coverage() (c Coverage) {
	x := s.indexer
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, b := range x.accounts {
		c.Indexed += b.coverage.Indexed
		c.Waiting += b.coverage.Waiting
	}
	return c
}

// Reindex builds the search index of an account anew. Searches go on meanwhile,
// slower. progress, if not nil, is called now and then with the number of
// messages done.
func (s *Store) Reindex(ctx context.Context, a AccountID, progress func(done, of int64)) error {
	s.indexer.forget(a)
	return s.indexer.catchUp(ctx, a, hurried, progress)
}

// IndexNow indexes what waits for it, without waiting for more.
func (s *Store) IndexNow(ctx context.Context, a AccountID) error {
	return s.indexer.catchUp(ctx, a, hurried, nil)
}

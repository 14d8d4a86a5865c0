// Package store keeps mail: mailboxes, messages, flags, change history. It is
// the only package with mail SQL.
//
// What was acknowledged is durable: a body is in its pack and flushed before
// the transaction that refers to it, and every method that changes something
// returns after the commit. Every change takes the account's next modseq in its
// transaction. After the commit, on the writer's goroutine and in commit order,
// the shared views are updated and the watchers woken; then the method returns.
//
// No transaction is long: big changes run in chunks of chunkRows messages, each
// with a modseq of its own, and what nobody waits for (the cold rows and
// references of messages that are gone, the rows of a deleted mailbox, the
// history that grew too long) is cleared away behind by one goroutine.
//
// Locks are held for memory only, never over I/O, and none while a watcher is
// called.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"time"

	"letterbox/database"
	"letterbox/quota"
	"letterbox/store/blob"
)

// AccountID is a user's id in package directory.
type AccountID int64

// MailboxID is never given twice; it survives renaming (RFC 8474 MAILBOXID).
type MailboxID int64

// MessageID identifies immutable content: copies and moves within an account
// keep it (RFC 8474 EMAILID).
type MessageID int64

// ModSeq is a modification sequence of an account (RFC 7162), from 1.
type ModSeq uint64

var (
	ErrNotFound        = errors.New("no such mailbox")
	ErrExists          = errors.New("mailbox exists already")
	ErrBadName         = errors.New("mailbox name is not allowed")
	ErrInbox           = errors.New("INBOX cannot be deleted")
	ErrHasChildren     = errors.New("mailbox has mailboxes below it")
	ErrTooManyKeywords = errors.New("mailbox has no room for another keyword")
	ErrTooLarge        = errors.New("message is larger than allowed")
	ErrSpecialUse      = errors.New("another mailbox has this special use already")
	ErrNoMessage       = errors.New("no such message")
	ErrNoAccount       = errors.New("account keeps no mail")
	ErrFull            = database.ErrFull // by the name that the floors above may use
)

// Options of Open.
type Options struct {
	DB      *database.DB
	Blobs   *blob.Store
	Spool   string // folder for messages on their way in; emptied by Open
	Search  string // folder for the search indexes; "": "search" beside Spool
	Log     *slog.Logger
	Address func(context.Context, AccountID) string // for self-describing records; may be nil
	Still   bool                                    // for a copy to look into: nothing is indexed or cleared away
	Small   bool                                    // there is little memory: less is kept of what can be read again

	// Reserve is what stays free on the disk, in bytes: Append fails with ErrFull
	// before it is used up. 0: nobody watches.
	Reserve int64

	// Undelete is how long expunged messages can be brought back: whether they are
	// kept at all; ForgetRemoved ends it. 0: not at all.
	Undelete time.Duration

	Grace   quota.Grace   // above a limit, for mail that arrives
	CleanUp time.Duration // after which a full mailbox counts as one that stays full; 0: never

	Thresholds   quota.Thresholds                // of every account's limits
	QuotaCrossed func(AccountID, quota.Crossing) // after a commit, on the writer's goroutine: must return at once; may be nil

	imprintFrom int // for tests; 0: as always
}

// Store is the open mail store; safe for concurrent use.
type Store struct {
	db      *database.DB
	blobs   *blob.Store
	log     *slog.Logger
	spool   string
	address func(context.Context, AccountID) string

	room         *room
	undelete     time.Duration
	grace        quota.Grace
	cleanUp      time.Duration
	thresholds   quota.Thresholds
	quotaCrossed func(AccountID, quota.Crossing)

	hub      hub
	signed   chan struct{} // filled when there are new signs
	views    registry
	claims   claims
	underway underway
	catalogs catalogs
	cleaner  *cleaner
	indexer  *indexer
}

// Open starts the store on an open database and open packs, which stay their
// opener's. It takes up what was left to be cleared away.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{db: o.DB, blobs: o.Blobs, log: o.Log, spool: o.Spool, address: o.Address, undelete: o.Undelete, signed: make(chan struct{}, 1)}
	s.cleaner = newCleaner(s)
	s.views.most, s.catalogs.most = idleMessages, maxCards
	if o.Small {
		s.views.most, s.catalogs.most = idleMessages/8, maxCards/8
	}
	if s.views.worth = o.imprintFrom; s.views.worth == 0 && !o.Still {
		s.views.worth = imprintFrom
	}
	s.room = newRoom(filepath.Dir(filepath.Clean(o.Spool)), o.Reserve)
	s.grace, s.cleanUp = o.Grace, o.CleanUp
	s.thresholds, s.quotaCrossed = o.Thresholds, o.QuotaCrossed
	if s.quotaCrossed == nil {
		s.quotaCrossed = func(AccountID, quota.Crossing) {}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.address == nil {
		s.address = func(_ context.Context, a AccountID) string { return strconv.FormatInt(int64(a), 10) }
	}
	if err := emptySpool(o.Spool); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if o.Search == "" {
		o.Search = filepath.Join(filepath.Dir(filepath.Clean(o.Spool)), "search")
	}
	var err error
	if s.indexer, err = startIndexer(s, o.Search, o.Still); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s.cleaner.start(o.Still)
	return s, nil
}

// Close ends the background work, notes which messages are no longer \Recent, and
// keeps what the views hold for the next start. Nobody may use the store any more.
func (s *Store) Close() error {
	s.cleaner.stop()
	if err := s.saveImprints(context.Background(), true); err != nil {
		s.log.Warn("what mailboxes hold was not kept; they are read anew", "error", err)
	}
	if err := errors.Join(s.indexer.stop(), s.saveClaims(context.Background())); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// Package store keeps mail: mailboxes, messages, flags, change history. It is
// the only package with mail SQL.
//
// What was acknowledged is durable: a body is in its pack and flushed before
// the transaction that refers to it, and every method that changes something
// returns after the commit. Every change takes the account's next modseq in its
// transaction. After the commit, on the writer's goroutine and in commit order,
// the shared views are updated and the watchers woken; then the method returns.
package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
	"letterbox/store/blob"
)

// AccountID is a user's id in package directory.
type AccountID int64

// MailboxID is never given twice; it survives renaming (RFC 8474 MAILBOXID).
type MailboxID int64

// MessageID identifies immutable content: copies and moves keep it (EMAILID).
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
)

// Options of Open.
type Options struct {
	DB      *database.DB
	Blobs   *blob.Store
	Spool   string // folder for messages on their way in; emptied by Open
	Log     *slog.Logger
	Address func(context.Context, AccountID) string // for self-describing records; may be nil
}

// Store is the open mail store; safe for concurrent use.
type Store struct{}

func Open(ctx context.Context, o Options) (*Store, error) { panic("stub") }
func (s *Store) Close() error                             { panic("stub") }

// EnsureAccount makes the account's INBOX and usual folders (Drafts, Sent,
// Junk, Trash, Archive with their special uses, subscribed) if it is new.
// Cheap when it exists.
func (s *Store) EnsureAccount(ctx context.Context, a AccountID) error { panic("stub") }

// RemoveAccount removes all mail of an account, in chunks.
func (s *Store) RemoveAccount(ctx context.Context, a AccountID) error { panic("stub") }

// SetLimit sets what the account may hold; enforced inside Append and Copy.
func (s *Store) SetLimit(ctx context.Context, a AccountID, l quota.Limit) error { panic("stub") }

// Usage returns what the account holds and may hold.
func (s *Store) Usage(ctx context.Context, a AccountID) (quota.Usage, quota.Limit, error) {
	panic("stub")
}

// A Mailbox is one row of the account's list, with its counters.
type Mailbox struct {
	ID                        MailboxID
	Account                   AccountID
	Name                      string           // NFC, '/' between levels, INBOX in capitals
	SpecialUse                imap.MailboxAttr // "" for none
	UIDValidity               uint32
	UIDNext                   imap.UID
	ModSeq                    ModSeq // highest of any change in it
	Messages, Unseen, Deleted uint32
	Bytes                     int64
	Recent                    uint32 // messages no read-write session has been told of yet
	Subscribed                bool
	HasChildren               bool
}

// Delimiter between the levels of a mailbox name.
const Delimiter = '/'

// Mailboxes returns all of the account's mailboxes, sorted by name with INBOX
// first, and the subscribed names that have no mailbox.
func (s *Store) Mailboxes(ctx context.Context, a AccountID) (list []Mailbox, dangling []string, err error) {
	panic("stub")
}

// Mailbox finds one by name (INBOX in any case), else ErrNotFound.
func (s *Store) Mailbox(ctx context.Context, a AccountID, name string) (*Mailbox, error) {
	panic("stub")
}

// CreateMailbox makes it and the levels above it that are missing.
func (s *Store) CreateMailbox(ctx context.Context, a AccountID, name string, specialUse imap.MailboxAttr) (*Mailbox, error) {
	panic("stub")
}

// DeleteMailbox removes it with its messages. ErrInbox; ErrHasChildren.
func (s *Store) DeleteMailbox(ctx context.Context, a AccountID, name string) error { panic("stub") }

// RenameMailbox renames it and all below. Renaming INBOX moves its messages to
// the new mailbox and leaves INBOX empty (RFC 9051 section 6.3.6).
func (s *Store) RenameMailbox(ctx context.Context, a AccountID, from, to string) error { panic("stub") }

func (s *Store) Subscribe(ctx context.Context, a AccountID, name string) error   { panic("stub") }
func (s *Store) Unsubscribe(ctx context.Context, a AccountID, name string) error { panic("stub") }

// ValidName brings a name to its stored form (NFC, INBOX in capitals, no
// trailing delimiter) or fails with an ErrBadName that says why.
func ValidName(name string) (string, error) { panic("stub") }

// A NewMessage is to be added to a mailbox.
type NewMessage struct {
	Mailbox  MailboxID
	Raw      []byte      // without Prefix; not kept after the call
	Prefix   []byte      // header lines for this recipient, CRLF
	Flags    []imap.Flag // \Recent is ignored
	Received time.Time   // INTERNALDATE with its zone; zero: now
}

// Added says where a message went.
type Added struct {
	Mailbox     MailboxID
	UIDValidity uint32
	UID         imap.UID
	Message     MessageID
}

// A Batch is what one transaction adds: all of it or nothing.
type Batch struct {
	Messages []NewMessage
	Hold     [][]byte                                   // bodies kept outside of mailboxes, for the queue: raw messages
	Also     func(tx *database.Tx, held []HeldID) error // may be nil; runs in the same transaction
}

// HeldID names a held body.
type HeldID int64

// Append adds a batch: one delivery to many people, or one APPEND of many
// messages. Equal bodies are written once. Fails with *quota.OverError,
// ErrNotFound (mailbox gone), ErrTooManyKeywords; nothing is added then.
func (s *Store) Append(ctx context.Context, b Batch) ([]Added, error) { panic("stub") }

// OpenHeld reads a held body; ReleaseHeld, in the queue's transaction, gives it up.
func (s *Store) OpenHeld(ctx context.Context, id HeldID) (*Body, error) { panic("stub") }
func (s *Store) ReleaseHeld(tx *database.Tx, id HeldID) error           { panic("stub") }

// CopyResult is what COPYUID reports: Source and Dest pair up in ascending order.
type CopyResult struct {
	UIDValidity  uint32
	Source, Dest imap.UIDSet
}

// Copy copies messages without touching bodies. UIDs that are gone are passed
// over. On an error nothing stays copied.
func (s *Store) Copy(ctx context.Context, from MailboxID, uids imap.UIDSet, to MailboxID) (CopyResult, error) {
	panic("stub")
}

// Move is Copy and expunge of the same messages in the same transaction, chunk
// by chunk; on an error the chunks that are done stay moved and are reported.
func (s *Store) Move(ctx context.Context, from MailboxID, uids imap.UIDSet, to MailboxID) (CopyResult, error) {
	panic("stub")
}

// FlagChange is a STORE. An unknown keyword gets a bit of the mailbox.
type FlagChange struct {
	Op             imap.StoreFlagsOp // set, add, remove
	Flags          []imap.Flag
	UnchangedSince *ModSeq // RFC 7162 section 3.1.3; nil: unconditional
}

// SetFlags changes flags. Failed are those that UnchangedSince held back.
// ModSeq is the highest given; messages whose flags did not change get none.
func (s *Store) SetFlags(ctx context.Context, m MailboxID, uids imap.UIDSet, c FlagChange) (FlagResult, error) {
	panic("stub")
}

type FlagResult struct {
	Changed imap.UIDSet
	Failed  imap.UIDSet
	ModSeq  ModSeq
}

// Expunge removes messages with \Deleted; of uids only when that is not nil.
func (s *Store) Expunge(ctx context.Context, m MailboxID, uids imap.UIDSet) (expunged imap.UIDSet, highest ModSeq, err error) {
	panic("stub")
}

package store

import (
	"context"

	"github.com/emersion/go-imap/v2"
)

// Flags is a set of flags of one mailbox: system flags in the low bits, the
// mailbox's keywords from bit 8. A View translates.
type Flags uint64

const (
	Seen Flags = 1 << iota
	Answered
	Flagged
	Deleted
	Draft
)

// FirstKeyword is the bit of a mailbox's first keyword, MaxKeywords how many fit.
const (
	FirstKeyword = 8
	MaxKeywords  = 64 - FirstKeyword
)

// A View is the shared picture of one mailbox in memory: uid, flags and modseq
// in arrays, loaded once, updated on each commit, dropped when the last session
// closes it. Safe for concurrent use.
type View struct{}

// A Snapshot is a View at one moment. UIDs is shared and must not be written;
// a later Snapshot after mere arrivals continues the same array.
type Snapshot struct {
	UIDs     []imap.UID // ascending: the sequence numbers are the positions + 1
	UIDNext  imap.UID
	ModSeq   ModSeq // every change up to here is in
	Expunges uint64 // grows with each expunge: equal numbers mean that only arrivals lie between
	Keywords int    // number of keywords: a larger one means new FLAGS to announce
	Gone     bool   // the mailbox was deleted
}

// Entry is one message of a view, as it is now.
type Entry struct {
	UID    imap.UID
	Flags  Flags
	ModSeq ModSeq
}

// View opens the shared view. Close it.
func (s *Store) View(ctx context.Context, m MailboxID) (*View, error) { panic("stub") }
func (v *View) Close()                                                { panic("stub") }

// Mailbox returns the row as it is after the last commit (name, counters).
func (v *View) Mailbox() Mailbox { panic("stub") }

func (v *View) Snapshot() Snapshot { panic("stub") }

// Entry returns a message's flags and modseq; false when it is expunged.
func (v *View) Entry(uid imap.UID) (Entry, bool) { panic("stub") }

// Entries appends to dst the entries of the uids (ascending) that still exist:
// one lock for many.
func (v *View) Entries(dst []Entry, uids []imap.UID) []Entry { panic("stub") }

// Changed appends the entries among uids (ascending) with a modseq above since.
func (v *View) Changed(dst []Entry, uids []imap.UID, since ModSeq) []Entry { panic("stub") }

// FlagNames turns a set into names, system flags first. Bits turns names into a
// set; unknown keywords are left out and ok is false then.
func (v *View) FlagNames(f Flags) []imap.Flag             { panic("stub") }
func (v *View) Bits(names []imap.Flag) (f Flags, ok bool) { panic("stub") }

// Keywords returns the mailbox's keywords by bit.
func (v *View) Keywords() []imap.Flag { panic("stub") }

// ClaimRecent returns the first uid that is \Recent to the caller and takes
// \Recent from all others from now on. With peek it takes nothing (EXAMINE).
func (v *View) ClaimRecent(peek bool) imap.UID { panic("stub") }

// Expunged returns the uids that were expunged after since, from the bounded
// history; complete is false when the history does not reach that far.
func (s *Store) Expunged(ctx context.Context, m MailboxID, since ModSeq) (uids imap.UIDSet, complete bool, err error) {
	panic("stub")
}

// Watch calls wake after each commit that changed the mailbox, on the writer's
// goroutine: it must return at once (set a deadline, fill a channel of one).
// stop is safe to call twice and from wake.
func (s *Store) Watch(m MailboxID, wake func()) (stop func()) { panic("stub") }

// WatchAccount likewise for any change of the account: its list of mailboxes,
// their counters, subscriptions.
func (s *Store) WatchAccount(a AccountID, wake func(MailboxID)) (stop func()) { panic("stub") }

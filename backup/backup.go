// Package backup takes snapshots of an appliance and gives them back: see
// docs/snapshot-format.md for what lies at a target.
//
// A snapshot is written from the data up: bundles first, each under a name that
// is computed from what is in it, then the manifest that names them. A manifest
// at the target is a whole snapshot; whatever a broken-off run left behind is
// used by the next one, or pruned after a while.
//
// Concurrency: a Keeper does one thing at a time (take, verify, prove, prune)
// with any of its targets and says ErrBusy to the second caller. Mail never waits
// for it: the database is copied out of a read transaction, packs are
// append-only, and a target that fails or hangs costs nothing but the snapshot.
package backup

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"letterbox/database"
	"letterbox/store"
	"letterbox/store/blob"
)

var (
	// ErrBusy says that another snapshot, check or prune is under way.
	ErrBusy = errors.New("a snapshot is being taken or checked already; wait for it, see 'letterbox snapshot list'")

	// ErrNoKey says that snapshots would leave the machine without a key of the
	// owner's.
	ErrNoKey = errors.New("snapshots that leave this machine are encrypted, and nobody could read them yet; first run 'letterbox snapshot key generate', or 'letterbox snapshot key passphrase'")

	// ErrLocked says that a key is needed to read the snapshots.
	ErrLocked = errors.New("the snapshots are encrypted; name the file with the key by --identity, or give the passphrase")

	// ErrNoSnapshot says that the target holds none, or not the one asked for.
	ErrNoSnapshot = errors.New("no such snapshot")

	// ErrNotEmpty says that a snapshot is to be restored over something.
	ErrNotEmpty = errors.New("there is something already")
)

// Work is the folder within the data folder where the key, what is known of each
// target, and scratch files lie. It is in no snapshot.
const Work = "backup"

// A Source is the open appliance that snapshots are taken of.
type Source struct {
	Folder  string // the data folder
	Config  string // the configuration file; "": none, or the one in Folder
	DB      *database.DB
	Blobs   *blob.Store
	Host    string
	Program string // version
	Reserve int64  // bytes that mail wants free on its disk
}

// A Keeper takes snapshots of one source.
type Keeper struct {
	source     Source
	log        *slog.Logger
	now        func() time.Time
	workFactor int // of passphrases; 0: age's own
	busy       sync.Mutex
	recording  sync.Mutex // guards the records
	progress
}

// NewKeeper returns one; log may be nil.
func NewKeeper(s Source, log *slog.Logger) *Keeper {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Keeper{source: s, log: log, now: time.Now}
}

// work is a path in the work folder.
func (k *Keeper) work(name ...string) string {
	return filepath.Join(append([]string{k.source.Folder, Work}, name...)...)
}

// begin takes the Keeper for one task.
func (k *Keeper) begin(what string) (end func(), err error) {
	if !k.busy.TryLock() {
		return nil, ErrBusy
	}
	k.progress.start(what)
	return func() {
		k.progress.start("")
		k.busy.Unlock()
	}, nil
}

// Repository opens what is at a target with this appliance's key; ErrNoSnapshot
// when nothing is there yet. Close the target yourself.
func (k *Keeper) Repository(ctx context.Context, t Target) (*Repository, error) {
	key, err := loadKey(k.work(keyFile))
	if err != nil {
		return nil, err
	}
	return openRepository(ctx, t, func(map[string][]byte) (*Key, error) { return key, nil })
}

// counted says what the database holds, for a proof to compare.
func counted(c *database.Conn) (map[string]int64, error) {
	t, err := store.Count(c)
	return countsOf(t), err
}

func countsOf(t store.Totals) map[string]int64 {
	return map[string]int64{
		"accounts": t.Accounts, "mailboxes": t.Mailboxes, "messages": t.Messages, "bodies": t.Bodies,
	}
}

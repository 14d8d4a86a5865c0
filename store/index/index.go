// Package index is the full-text index: one SQLite file an account, with the
// folded text of each message and an FTS5 trigram index over it. It knows
// nothing of mailboxes' contents beyond numbers: package store says what there
// is to be indexed and what a message's text is.
//
// Everything here can be built again from the mail, and the callers can do
// without it: whatever it does not hold is to be read from the mail itself. So
// commits are not flushed one by one, and a file that turns out to be damaged is
// thrown away (ErrDamaged).
//
// One goroutine at a time adds to an account's index, any number search it
// meanwhile. Files are opened when they are needed and closed when they were not
// for a while.
package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrDamaged says that an account's index could not be used and was thrown
// away. What it held is to be indexed anew.
var ErrDamaged = errors.New("search index was damaged")

// ErrForeign is for Use's function to say that the index belongs to another
// database; it is thrown away as a damaged one.
var ErrForeign = errors.New("search index is of another database")

// Set is the indexes of all accounts. Safe for concurrent use.
type Set struct {
	dir string
	log *slog.Logger

	mu      sync.Mutex
	open    map[int64]*Index
	closed  bool
	sweeper *time.Timer // nil: nothing is open
}

// Open uses the files in a folder, which it makes when it is missing.
func Open(dir string, log *slog.Logger) (*Set, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open search indexes: %w", err)
	}
	s := &Set{dir: dir, log: log, open: map[int64]*Index{}}
	return s, nil
}

// idleAfter is how long an index stays open that nobody uses: it holds some file
// handles and up to a few MB of memory.
const idleAfter = time.Minute

// maxOpen is how many indexes stay open that are not in use; beyond it the
// longest unused is closed.
const maxOpen = 8

// Use calls fn with the account's index, which is made when it is missing. When
// fn fails because the file is damaged, the file is removed and the error is
// ErrDamaged.
func (s *Set) Use(ctx context.Context, account int64, fn func(*Index) error) error {
	x, err := s.acquire(ctx, account)
	if err == nil {
		err = fn(x)
		s.release(x)
	}
	if err == nil || ctx.Err() != nil || !isDamage(err) {
		return err
	}
	s.log.Warn("search index is damaged; it is built anew", "account", account, "error", err)
	return errors.Join(ErrDamaged, s.Drop(account))
}

// acquire opens an index or takes an open one. Opening holds up others that open
// one, for some milliseconds.
func (s *Set) acquire(ctx context.Context, account int64) (*Index, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("search indexes are closed")
	}
	x := s.open[account]
	if x == nil {
		var err error
		if x, err = open(ctx, s.Path(account)); err != nil {
			return nil, fmt.Errorf("open search index of account %d: %w", account, err)
		}
		x.account = account
		s.open[account] = x
		s.sweepLater()
	}
	x.users++
	return x, nil
}

// release gives an index back.
func (s *Set) release(x *Index) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.users--
	x.used = time.Now()
	if x.users == 0 && (x.dropped || s.closed) {
		s.shut(x)
	}
	for len(s.open) > maxOpen && s.shutOldest() {
	}
}

// shutOldest closes the one that nobody uses and has used for the longest time;
// s.mu is held. The one in use again and again stays: a search uses its index
// hundreds of times, and opening reads the ids of all messages.
func (s *Set) shutOldest() bool {
	var oldest *Index
	for _, x := range s.open {
		if x.users == 0 && (oldest == nil || x.used.Before(oldest.used)) {
			oldest = x
		}
	}
	if oldest == nil {
		return false
	}
	s.shut(oldest)
	return true
}

// shut closes an index that nobody uses; s.mu is held.
func (s *Set) shut(x *Index) {
	if s.open[x.account] == x {
		delete(s.open, x.account)
	}
	if err := x.close(); err != nil && !x.dropped {
		s.log.Warn("search index was not closed well", "account", x.account, "error", err)
	}
}

// sweepLater has closeIdle called, once for all that are open by then; s.mu is
// held. While nothing is open nothing ticks.
func (s *Set) sweepLater() {
	if s.sweeper == nil {
		s.sweeper = time.AfterFunc(idleAfter, s.closeIdle)
	}
}

// closeIdle closes what nobody has used for a while.
func (s *Set) closeIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweeper = nil
	if s.closed {
		return
	}
	for _, x := range s.open {
		if x.users == 0 && time.Since(x.used) >= idleAfter {
			s.shut(x)
		}
	}
	if len(s.open) > 0 {
		s.sweepLater()
	}
}

// Drop removes an account's index. Who uses it at the time finds out by errors
// or not at all.
func (s *Set) Drop(account int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.open[account]; x != nil {
		x.dropped = true
		delete(s.open, account)
		if x.users == 0 {
			s.shut(x)
		}
	}
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(s.Path(account) + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Accounts lists those that have an index.
func (s *Set) Accounts() ([]int64, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var accounts []int64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), extension)
		if id, err := strconv.ParseInt(name, 10, 64); ok && err == nil {
			accounts = append(accounts, id)
		}
	}
	return accounts, nil
}

const extension = ".db"

// Path is where an account's index lies.
func (s *Set) Path(account int64) string {
	return filepath.Join(s.dir, strconv.FormatInt(account, 10)+extension)
}

// Close closes what is open. Whatever is still in use is closed after that.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.sweeper != nil {
		s.sweeper.Stop()
	}
	for _, x := range s.open {
		if x.users == 0 {
			s.shut(x)
		}
	}
	return nil
}

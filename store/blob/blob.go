// Package blob keeps message bodies in packs: append-only files of
// content-addressed, compressed, checksummed records. It knows no SQL: where a
// record lies is remembered by its caller, who also says what is still alive.
//
// Concurrency: a Store is safe for concurrent use. Puts stand in line; the first
// one appends the records of all and flushes once for everybody who waits.
package blob

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Hash is the SHA-256 of a body.
type Hash [sha256.Size]byte

// Sum returns the hash of a body.
func Sum(body []byte) Hash { return sha256.Sum256(body) }

// A Location says where a record lies.
type Location struct {
	Pack   uint32
	Offset int64
	Length int64 // of the record, header included
}

// Meta makes a record self-describing, so that rescue can rebuild an account
// from packs alone.
type Meta struct {
	Account  string    // address at delivery
	Mailbox  string    // folder name at delivery
	Received time.Time // INTERNALDATE
	Prefix   []byte    // header lines for this recipient
	Flags    string    // space-separated, at arrival
}

// A CorruptError says that a record does not hold what was written.
type CorruptError struct {
	Location
	Hash Hash
	Err  error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("pack %d is damaged at offset %d (body %x): %v", e.Pack, e.Offset, e.Hash[:8], e.Err)
}

func (e *CorruptError) Unwrap() error { return e.Err }

// ErrClosed says that the store is being closed.
var ErrClosed = errors.New("blob store is closed")

// Options of Open.
type Options struct {
	FS       FS // nil: the operating system's
	Log      *slog.Logger
	MaxPack  int64 // a new pack is begun beyond; 0: 256 MiB
	ReadOnly bool  // for packs in a snapshot: nothing is mended, put or compacted
}

// Store is an open folder of packs.
type Store struct {
	dir     string
	fs      FS
	log     *slog.Logger
	maxPack int64
	line    line
	current current // whoever leads the line has it

	mu    sync.Mutex
	packs map[uint32]*pack // every pack there is
	last  uint32           // highest number ever given
	pins  int              // while there are any, no pack is removed
	open  []*pack          // with an open file, least recently used first

	compacting sync.Mutex
	flushes    atomic.Int64
	puts       atomic.Int64
}

// Open opens or creates the folder. A torn tail, left by a crash, is cut off:
// nobody was told that it was kept.
func Open(dir string, o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = OS{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxPack == 0 {
		o.MaxPack = 256 << 20
	}
	s := &Store{
		dir: dir, fs: o.FS, log: o.Log, maxPack: o.MaxPack,
		packs: make(map[uint32]*pack),
	}
	s.line.left.L = &s.line.mu
	if err := s.findPacks(); err != nil {
		return nil, fmt.Errorf("open packs: %w", err)
	}
	if o.ReadOnly {
		s.line.closed = true
		return s, nil
	}
	if err := s.cutTail(); err != nil {
		return nil, errors.Join(fmt.Errorf("open packs: %w", err), s.closeFiles())
	}
	return s, nil
}

// Close waits for writes under way. Readers that are open fail from then on.
func (s *Store) Close() error {
	s.line.close()
	s.abandon(&s.current)
	return s.closeFiles()
}

// Stats is what the packs hold, and what happened since Open.
type Stats struct {
	Packs   int
	Bytes   int64 // on disk
	Flushes int64 // fdatasync calls
	Puts    int64 // records
}

// Stats returns the counts of the moment.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{Packs: len(s.packs), Flushes: s.flushes.Load(), Puts: s.puts.Load()}
	for _, p := range s.packs {
		stats.Bytes += p.size
	}
	return stats
}

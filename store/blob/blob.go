// Package blob keeps message bodies in packs: append-only files of
// content-addressed, compressed, checksummed records. It knows no SQL: where a
// record lies is remembered by its caller, who also says what is still alive.
//
// Concurrency: a Store is safe for concurrent use. One goroutine owns the pack
// being written; Put queues a record there and returns after the flush that
// covers it, shared with everybody who waits.
package blob

import (
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
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

// Options of Open.
type Options struct {
	FS      FS // nil: the operating system's
	Log     *slog.Logger
	MaxPack int64 // a new pack is begun beyond; 0: 256 MiB
}

// Store is an open folder of packs.
type Store struct{}

// Open opens or creates the folder. A torn tail, left by a crash, is cut off:
// nobody was told that it was kept.
func Open(dir string, o Options) (*Store, error) { panic("stub") }

// Close waits for writes under way.
func (s *Store) Close() error { panic("stub") }

// An Item is one body to be put, or a note about one that is kept already.
type Item struct {
	Body []byte // nil: a note, which only says that Hash was also delivered to Metas
	Hash Hash   // Sum(Body)
	Meta []Meta // one for each recipient: rescue gives the body back to all of them
}

// Put appends records and returns once all of them are durable. After an error
// none of them counts; the space is reclaimed by Compact. Of a note the
// location is of no use to the caller.
func (s *Store) Put(ctx context.Context, items ...Item) ([]Location, error) { panic("stub") }

// Reader gives a record's body. ReadAt decompresses only the frames it needs.
type Reader struct{}

// Open checks the record's header at loc against hash. Damage is a
// *CorruptError.
func (s *Store) Open(loc Location, hash Hash) (*Reader, error) { panic("stub") }

func (r *Reader) Size() int64                             { panic("stub") }
func (r *Reader) ReadAt(p []byte, off int64) (int, error) { panic("stub") }
func (r *Reader) WriteTo(w io.Writer) (int64, error)      { panic("stub") }
func (r *Reader) Close() error                            { panic("stub") }

// A Record is what Scan finds.
type Record struct {
	Location
	Hash Hash
	Meta []Meta
	Size int64 // of the body
	Note bool  // no body: see Item
}

// Scan calls fn for every whole record of every pack, oldest first. Damaged
// stretches are skipped to the next record that holds and reported in err,
// joined, after the scan.
func (s *Store) Scan(ctx context.Context, fn func(Record) error) error { panic("stub") }

// Scrub reads every record and checks every checksum and hash.
func (s *Store) Scrub(ctx context.Context, bad func(Record, error)) error { panic("stub") }

// Compact rewrites packs in which less than keep (0 to 1) of the bytes is alive:
// live records go to a new pack, durable; moved tells the caller, who switches
// its references in one transaction; only then is the old pack removed.
// alive is asked once per record. Packs pinned by Pin stay.
func (s *Store) Compact(ctx context.Context, keep float64, alive func(Record) bool, moved func(context.Context, []Move) error) error {
	panic("stub")
}

// A Move says that a record has a new place.
type Move struct {
	Hash     Hash
	From, To Location
}

// Pin keeps every pack that exists now until release is called: for a snapshot
// in progress.
func (s *Store) Pin() (release func()) { panic("stub") }

// Stats is what the packs hold.
type Stats struct {
	Packs   int
	Bytes   int64 // on disk
	Flushes int64 // fdatasync calls since Open
	Puts    int64
}

// Stats returns counts since Open.
func (s *Store) Stats() Stats { panic("stub") }

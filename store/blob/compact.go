package blob

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// A Move says that a record has a new place.
type Move struct {
	Hash     Hash
	From, To Location
}

// Pin keeps every pack, also those begun later, until release is called: for a
// snapshot in progress, which first learns from a copy of the database which
// records it needs. Calling release again does nothing.
func (s *Store) Pin() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pins++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pins--
	})
}

// Compact rewrites packs in which less than keep (0 to 1) of the bytes is alive:
// live records go to the pack being written, durable; moved tells the caller,
// who switches its references in one transaction; only then is the old pack
// removed. alive is asked about each record, perhaps twice. The pack being
// written and packs with damage stay, and all while somebody has pinned them: one
// whose records have moved already goes with a later Compact. One Compact at a
// time.
//
// A crash leaves at most a record that stands in two packs, of which the caller
// knows one; the other dies with the next Compact.
func (s *Store) Compact(ctx context.Context, keep float64, alive func(Record) bool, moved func(context.Context, []Move) error) error {
	s.compacting.Lock()
	defer s.compacting.Unlock()
	for _, number := range s.numbers() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !s.mayGo(number) {
			continue
		}
		if err := s.compactPack(ctx, number, keep, alive, moved); err != nil {
			return fmt.Errorf("compact pack %d: %w", number, err)
		}
	}
	return nil
}

// mayGo reports whether a pack may be rewritten: nothing is appended to it and
// nobody pinned it.
func (s *Store) mayGo(number uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return number != s.last && s.pins == 0
}

func (s *Store) compactPack(ctx context.Context, number uint32, keep float64, alive func(Record) bool, moved func(context.Context, []Move) error) error {
	p, err := s.find(number)
	if err != nil {
		return err
	}
	live, err := s.liveRecords(p, alive)
	var corrupt *CorruptError
	if errors.As(err, &corrupt) {
		s.log.Warn("a damaged pack is not compacted", "pack", number, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	var bytes int64
	for _, record := range live {
		bytes += record.Length
	}
	if float64(bytes) >= keep*float64(p.size) {
		return nil
	}
	for len(live) > 0 {
		n := batchOf(live)
		if err := s.copyRecords(ctx, p, live[:n], moved); err != nil {
			return err
		}
		live = live[n:]
	}
	return s.remove(p)
}

// liveRecords lists the records of a pack that are alive.
func (s *Store) liveRecords(p *pack, alive func(Record) bool) (live []Record, err error) {
	err = s.walk(p, func(at int64, h *header) error {
		record, err := s.describe(p, at, h)
		if err == nil && alive(record) {
			record.Meta = nil
			live = append(live, record)
		}
		return err
	})
	return live, err
}

// batchOf says how many of the records to copy at once.
func batchOf(records []Record) (n int) {
	var bytes int64
	for n < len(records) && n < maxBatch && (n == 0 || bytes+records[n].Length <= maxBatchBytes) {
		bytes += records[n].Length
		n++
	}
	return n
}

// copyRecords appends records as they are to the pack being written and tells
// the caller where they are now.
func (s *Store) copyRecords(ctx context.Context, p *pack, records []Record, moved func(context.Context, []Move) error) error {
	w := newWrite()
	for _, record := range records {
		raw := make([]byte, record.Length)
		if err := s.readPack(p, raw, record.Offset); err != nil {
			return err
		}
		w.records = append(w.records, raw)
	}
	at, err := s.hand(ctx, w)
	if err != nil {
		return err
	}
	var moves []Move
	for i, record := range records {
		if !record.Note {
			moves = append(moves, Move{Hash: record.Hash, From: record.Location, To: at[i]})
		}
	}
	return moved(ctx, moves)
}

// remove deletes a pack that nobody refers to, unless it was pinned meanwhile.
// Readers that have it open read on.
func (s *Store) remove(p *pack) error {
	s.mu.Lock()
	if s.pins > 0 {
		s.mu.Unlock()
		return nil
	}
	delete(s.packs, p.number)
	p.gone = true
	if p.users == 0 {
		s.shut(p)
	}
	s.mu.Unlock()
	if err := s.fs.Remove(s.path(p.number)); err != nil {
		return err
	}
	return s.fs.SyncDir(s.dir)
}

package blob

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// An Item is one body to be put, or a note about one that is kept already.
type Item struct {
	Body []byte // nil: a note, which only says that Hash was also delivered to Metas
	Hash Hash   // Sum(Body)
	Meta []Meta // one for each recipient: rescue gives the body back to all of them
}

// A write is one Put on its way to the committer.
type write struct {
	records [][]byte
	at      []Location
	err     error
	done    chan struct{}
}

// Put appends records and returns once all of them are durable. After an error
// none of them counts; the space is reclaimed by Compact. Of a note the
// location is of no use to the caller.
func (s *Store) Put(ctx context.Context, items ...Item) ([]Location, error) {
	w := &write{done: make(chan struct{})}
	for _, item := range items {
		w.records = append(w.records, encode(item)) // compressed here, not on the committer
	}
	return s.hand(ctx, w)
}

// hand gives records to the committer and waits for the flush.
func (s *Store) hand(ctx context.Context, w *write) ([]Location, error) {
	select {
	case <-s.closing:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case s.queue <- w:
	}
	select {
	case <-w.done:
	case <-s.closed:
		select {
		case <-w.done:
		default:
			return nil, ErrClosed
		}
	}
	return w.at, w.err
}

// Bounds of a batch: what is written with one call and flushed at once.
const (
	maxBatch      = 256
	maxBatchBytes = 8 << 20
)

// current is the pack being written; only the committer has it.
type current struct {
	file     File
	pack     *pack
	end      int64 // behind the last durable record
	reserved int64 // the file has room on the disk up to here
}

// reserveStep is how much room a pack is given at a time. A flush after a write
// that had to find room waits for the file system's journal, and so for what all
// others wrote: 0.3 ms and often 3 where it would be 0.2.
const reserveStep = 4 << 20

// reserve sees to room for n bytes more, if the file system can. What fails here
// shows when the bytes are written.
func (c *current) reserve(n int64) {
	file, ok := c.file.(reserver)
	if !ok || c.end+n <= c.reserved {
		return
	}
	room := n + reserveStep
	_ = file.Reserve(c.end, room)
	c.reserved = c.end + room
}

func (s *Store) commitLoop() {
	defer close(s.closed)
	var c current
	for {
		select {
		case w := <-s.queue:
			s.commit(&c, s.gather(w))
		case <-s.closing:
			for len(s.queue) > 0 {
				s.commit(&c, s.gather(<-s.queue))
			}
			s.abandon(&c)
			return
		}
	}
}

// gather adds to w what else waits.
func (s *Store) gather(w *write) []*write {
	batch, size := []*write{w}, bytesOf(w)
	for len(batch) < maxBatch && size < maxBatchBytes {
		select {
		case w := <-s.queue:
			batch = append(batch, w)
			size += bytesOf(w)
			continue
		default:
		}
		break
	}
	return batch
}

func bytesOf(w *write) (n int) {
	for _, record := range w.records {
		n += len(record)
	}
	return n
}

// commit makes a batch durable and wakes those who wait.
func (s *Store) commit(c *current, batch []*write) {
	err := s.write(c, batch)
	if err != nil {
		s.abandon(c)
	}
	for _, w := range batch {
		if err != nil {
			w.at, w.err = nil, err
		}
		close(w.done)
	}
}

// write appends all records of a batch and flushes once.
func (s *Store) write(c *current, batch []*write) error {
	if c.file == nil || c.end >= s.maxPack {
		if err := s.nextPack(c); err != nil {
			return fmt.Errorf("begin a pack: %w", err)
		}
	}
	var buffer []byte
	if len(batch) == 1 && len(batch[0].records) == 1 {
		buffer = batch[0].records[0]
		batch[0].at = []Location{{c.pack.number, c.end, int64(len(buffer))}}
	} else {
		for _, w := range batch {
			for _, record := range w.records {
				w.at = append(w.at, Location{c.pack.number, c.end + int64(len(buffer)), int64(len(record))})
				buffer = append(buffer, record...)
			}
		}
	}
	c.reserve(int64(len(buffer)))
	if _, err := c.file.WriteAt(buffer, c.end); err != nil {
		return fmt.Errorf("append to pack %d: %w", c.pack.number, err)
	}
	s.flushes.Add(1)
	if err := c.file.Sync(); err != nil {
		return fmt.Errorf("flush pack %d: %w", c.pack.number, err)
	}
	c.end += int64(len(buffer))
	for _, w := range batch {
		s.puts.Add(int64(len(w.records)))
	}
	s.mu.Lock()
	c.pack.size = c.end
	s.mu.Unlock()
	return nil
}

// nextPack begins a new file, or goes on in the newest one after Open.
func (s *Store) nextPack(c *current) error {
	first := c.file == nil
	s.abandon(c)
	s.mu.Lock()
	newest := s.packs[s.last]
	s.mu.Unlock()
	if first && newest != nil && newest.size >= int64(len(packMagic)) && newest.size < s.maxPack && !newest.closed {
		file, err := s.fs.OpenFile(s.path(newest.number), os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		*c = current{file: file, pack: newest, end: newest.size}
		return nil
	}
	return s.create(c)
}

// create makes a pack's file durable with its magic before anything is in it.
func (s *Store) create(c *current) error {
	s.mu.Lock()
	s.last++
	number := s.last
	s.mu.Unlock()
	file, err := s.fs.OpenFile(s.path(number), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.WriteAt(packMagic, 0); err == nil {
		err = s.fs.SyncDir(s.dir)
	}
	if err != nil {
		return errors.Join(err, file.Close(), s.fs.Remove(s.path(number)))
	}
	p := &pack{number: number, size: int64(len(packMagic))}
	s.mu.Lock()
	s.packs[number] = p
	s.mu.Unlock()
	*c = current{file: file, pack: p, end: p.size}
	return nil
}

// abandon stops writing to the current pack. After a failed write or flush it is
// never trusted again: what is behind its durable end is cut off if that can be
// done, and never read in any case. Room that was reserved is given back.
func (s *Store) abandon(c *current) {
	if c.file == nil {
		return
	}
	s.mu.Lock()
	c.pack.closed = true
	s.mu.Unlock()
	if size, err := c.file.Size(); err == nil && max(size, c.reserved) > c.end {
		if err := c.file.Truncate(c.end); err != nil {
			s.log.Warn("cutting a pack off behind its last record", "pack", c.pack.number, "error", err)
		}
	}
	if err := c.file.Close(); err != nil {
		s.log.Warn("close pack", "pack", c.pack.number, "error", err)
	}
	*c = current{}
}

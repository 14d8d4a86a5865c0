package blob

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// An Item is one body to be put, or a note about one that is kept already.
type Item struct {
	Body []byte // nil: a note, which only says that Hash was also delivered to Metas
	Hash Hash   // Sum(Body)
	Meta []Meta // one for each recipient: rescue gives the body back to all of them
}

// A write is one Put on its way into a pack.
type write struct {
	records [][]byte
	at      []Location
	err     error
	told    chan bool // takes one: true when it is done, false when it is to lead
}

func newWrite() *write { return &write{told: make(chan bool, 1)} }

// Put appends records and returns once all of them are durable. After an error
// none of them counts; the space is reclaimed by Compact. Of a note the
// location is of no use to the caller.
func (s *Store) Put(ctx context.Context, items ...Item) ([]Location, error) {
	w := newWrite()
	for _, item := range items {
		w.records = append(w.records, encode(item)) // compressed before it is anybody's turn
	}
	at, err := s.hand(ctx, w)
	for _, record := range w.records {
		putBuffer(record)
	}
	return at, err
}

// hand makes records durable. Whoever finds nobody writing leads: writes and
// flushes for itself and for all that wait by then, and passes the lead on to
// the first of those who came meanwhile. So nobody has to be woken for a write
// that comes alone.
func (s *Store) hand(ctx context.Context, w *write) ([]Location, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	lead, err := s.line.join(w)
	if err != nil {
		return nil, err
	}
	if !lead && <-w.told {
		return w.at, w.err
	}
	defer s.line.passOn()
	s.commit(&s.current, s.line.take())
	return w.at, w.err
}

// A line is the writes that wait. The first one leads: it alone has the pack that
// is being written.
type line struct {
	mu      sync.Mutex
	waiting []*write
	led     bool
	closed  bool
	left    sync.Cond // nobody leads any more; with mu
}

// join reports whether the write is to lead.
func (l *line) join(w *write) (lead bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false, ErrClosed
	}
	l.waiting = append(l.waiting, w)
	lead, l.led = !l.led, true
	return lead, nil
}

// Bounds of a batch: what is written with one call and flushed at once.
const (
	maxBatch      = 256
	maxBatchBytes = 8 << 20
)

// take takes the leader and those behind it.
func (l *line) take() []*write {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, size := 0, 0
	for n < len(l.waiting) && n < maxBatch && size < maxBatchBytes {
		size += bytesOf(l.waiting[n])
		n++
	}
	batch := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	return batch
}

func sizeOf(batch []*write) (n int64) {
	for _, w := range batch {
		n += int64(bytesOf(w))
	}
	return n
}

func bytesOf(w *write) (n int) {
	for _, record := range w.records {
		n += len(record)
	}
	return n
}

// passOn ends a lead.
func (l *line) passOn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) > 0 {
		l.waiting[0].told <- false
		return
	}
	l.led = false
	l.left.Broadcast()
}

// close waits for all writes and lets nobody in any more.
func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for l.led {
		l.left.Wait()
	}
}

// current is the pack being written; only who leads has it.
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

// errInterrupted is what those hear whose leader panicked.
var errInterrupted = errors.New("writing to a pack was interrupted")

// commit makes a batch durable and tells those who wait.
func (s *Store) commit(c *current, batch []*write) {
	err := errInterrupted
	defer func() {
		if err != nil {
			s.abandon(c)
		}
		for _, w := range batch {
			if err != nil {
				w.at, w.err = nil, err
			}
			w.told <- true
		}
	}()
	err = s.write(c, batch)
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
		buffer = getBuffer(sizeOf(batch))[:0]
		defer func() { putBuffer(buffer) }()
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

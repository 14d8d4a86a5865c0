package fault

import (
	"errors"
	"io"
	"os"
	"slices"
)

// A change says how a file was before a write or truncation that was not
// flushed since.
type change struct {
	size int64 // of the file; -1: it did not exist
	off  int64
	old  []byte
}

// remember keeps what a file holds in a range that is about to change. It opens
// the file anew: SQLite's locks must be those of the open file description.
func (p *Plan) remember(name string, off, length int64) error {
	c, err := before(name, off, length)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unflushed == nil {
		p.unflushed = make(map[string][]change)
	}
	p.unflushed[name] = append(p.unflushed[name], c)
	return nil
}

func before(name string, off, length int64) (change, error) {
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return change{size: -1}, nil
	}
	if err != nil {
		return change{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return change{}, err
	}
	c := change{size: info.Size(), off: off}
	c.old = make([]byte, max(0, min(length, c.size-off)))
	_, err = io.ReadFull(io.NewSectionReader(file, off, int64(len(c.old))), c.old)
	return c, err
}

// flushed forgets what would have to be undone: it is on the disk.
func (p *Plan) flushed(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.unflushed, name)
}

// PowerCut takes back everything that was not flushed: what the disk may hold
// after the power failed. Break with Stop comes first, and everything that
// works on the files is closed.
func (p *Plan) PowerCut() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, changes := range p.unflushed {
		for _, c := range slices.Backward(changes) {
			if err := c.undo(name); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	p.unflushed = nil
	return nil
}

func (c change) undo(name string) error {
	if c.size < 0 {
		return os.Remove(name)
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.WriteAt(c.old, c.off); err != nil {
		return err
	}
	return file.Truncate(c.size)
}

package blob

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A pack begins with its magic and a format number.
var packMagic = []byte("LETTERBOXPACK\x00\x00\x01")

// maxOpen bounds the files that are open for reading.
const maxOpen = 64

// pack is one file. Its fields are guarded by Store.mu.
type pack struct {
	number uint32
	size   int64 // durable bytes
	file   File  // nil while not open
	users  int   // readers that hold the file right now
	gone   bool  // removed; the file closes with its last user
	closed bool  // nothing is appended any more
}

func (s *Store) path(number uint32) string { return filepath.Join(s.dir, PackFile(number)) }

// PackFile is the name of a pack's file in its folder.
func PackFile(number uint32) string { return fmt.Sprintf("%010d.pack", number) }

// findPacks lists the folder.
func (s *Store) findPacks() error {
	if err := s.fs.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	names, err := s.fs.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, ".pack")
		number, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil {
			continue
		}
		p := &pack{number: uint32(number)}
		s.packs[p.number] = p
		s.last = max(s.last, p.number)
		file, err := s.acquire(p)
		if err != nil {
			return err
		}
		p.size, err = file.Size()
		s.release(p)
		if err != nil {
			return err
		}
	}
	return nil
}

// cutTail truncates the last pack behind its last whole record. Only headers
// are walked, but for the last record, whose checksums must hold. A pack with
// damage before its end is written to no more: a damaged header that reaches
// behind the end would hold again once there is something to reach for, and
// swallow it.
func (s *Store) cutTail() error {
	p := s.packs[s.last]
	if p == nil {
		return nil
	}
	end, damaged, err := s.wholeEnd(p)
	p.closed = damaged
	if err != nil || end == p.size {
		return err
	}
	s.log.Warn("cutting off what a crash left behind", "pack", p.number, "bytes", p.size-end)
	file, err := s.fs.OpenFile(s.path(p.number), os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Truncate(end); err != nil {
		return err
	}
	p.size = end
	return file.Sync()
}

// wholeEnd finds where the last whole record ends, and whether there is damage
// before that. It is left for Scrub to report: something whole stands behind it.
func (s *Store) wholeEnd(p *pack) (end int64, damaged bool, err error) {
	if p.size < int64(len(packMagic)) {
		return 0, false, nil
	}
	end = int64(len(packMagic))
	err = s.walk(p, func(at int64, h *header) error {
		if at+h.length() == p.size && s.verify(p, at, h) != nil {
			return io.ErrUnexpectedEOF
		}
		damaged = damaged || at != end
		end = at + h.length()
		return nil
	})
	var corrupt *CorruptError
	if errors.As(err, &corrupt) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return end, damaged, err
}

// acquire returns the pack's file, opened, until release.
func (s *Store) acquire(p *pack) (File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.gone && p.file == nil {
		return nil, fmt.Errorf("pack %d: %w", p.number, os.ErrNotExist)
	}
	if p.file == nil {
		file, err := s.fs.OpenFile(s.path(p.number), os.O_RDONLY, 0)
		if err != nil {
			return nil, err
		}
		p.file = file
		s.open = append(s.open, p)
		s.closeOldest()
	}
	p.users++
	return p.file, nil
}

func (s *Store) release(p *pack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.users--
	if p.gone && p.users == 0 {
		s.shut(p)
	}
}

// closeOldest closes a file that nobody uses when too many are open.
func (s *Store) closeOldest() {
	if len(s.open) <= maxOpen {
		return
	}
	for _, p := range s.open {
		if p.users == 0 && p != s.open[len(s.open)-1] {
			s.shut(p)
			return
		}
	}
}

// shut closes the pack's file. Store.mu is held.
func (s *Store) shut(p *pack) {
	if p.file == nil {
		return
	}
	if err := p.file.Close(); err != nil {
		s.log.Warn("close pack", "pack", p.number, "error", err)
	}
	p.file = nil
	s.open = slices.DeleteFunc(s.open, func(other *pack) bool { return other == p })
}

func (s *Store) closeFiles() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.open) > 0 {
		s.shut(s.open[0])
	}
	return nil
}

// find returns a pack by its number.
func (s *Store) find(number uint32) (*pack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.packs[number]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("pack %d: %w", number, os.ErrNotExist)
}

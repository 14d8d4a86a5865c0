package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// ballastSize is what lies in the data folder for the day when the disk is full
// to the last byte: enough for the log of the database to take many an expunge.
const ballastSize = 32 << 20

// A room watches the disk. Mail is taken only while a reserve stays free, so
// that everything which frees space works on. When others use up the reserve as
// well, the ballast is thrown overboard.
type room struct {
	reserve int64 // bytes; 0: nobody watches
	folder  string
	ballast string // path

	mu     sync.Mutex
	loaded bool // the ballast lies there
}

// newRoom watches the disk that a folder lies on.
func newRoom(folder string, reserve int64) *room {
	r := &room{reserve: reserve, folder: folder, ballast: filepath.Join(folder, "ballast")}
	if reserve > 0 {
		_, err := os.Stat(r.ballast)
		r.loaded = err == nil
	}
	return r
}

// Reserve is how much of a disk of that size should stay free: 5 %, and 512 MB
// at least.
func Reserve(disk int64) int64 { return max(disk/20, 512<<20) }

// DiskSpace returns the size of the disk that a folder lies on, and what is free
// on it for this process.
func DiskSpace(folder string) (size, free int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, 0, fmt.Errorf("free space of %s: %w", folder, &fs.PathError{Op: "statfs", Path: folder, Err: err})
	}
	block := int64(s.Bsize) // its type differs between machines
	return int64(s.Blocks) * block, int64(s.Bavail) * block, nil
}

// Room fails with ErrFull when so many bytes more would use up the reserve. It
// asks the disk each time; that costs microseconds.
func (s *Store) Room(size int64) error { return s.room.take(size) }

func (r *room) take(size int64) error {
	if r.reserve == 0 {
		return nil
	}
	_, free, err := DiskSpace(r.folder)
	if err != nil {
		return nil // what cannot be known refuses nobody; writing will tell
	}
	if free-size < r.reserve {
		return fmt.Errorf("%w: %d MB are free, of which %d MB are kept in reserve", ErrFull, free>>20, r.reserve>>20)
	}
	if free-size > r.reserve+2*ballastSize {
		r.load()
	}
	return nil
}

// load puts the ballast there. Failing to is no failure: it is tried again.
func (r *room) load() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded {
		return
	}
	f, err := os.OpenFile(r.ballast, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	err = unix.Fallocate(int(f.Fd()), 0, 0, ballastSize)
	r.loaded = errors.Join(err, f.Close()) == nil
	if !r.loaded {
		_ = os.Remove(r.ballast)
	}
}

// ease throws the ballast overboard when hardly anything is free, and reports
// whether it did. It comes before every change to the mail, as those that free
// space need some at first.
func (r *room) ease() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.loaded {
		return false
	}
	if _, free, err := DiskSpace(r.folder); err != nil || free > ballastSize/4 {
		return false
	}
	r.loaded = false
	return os.Remove(r.ballast) == nil
}

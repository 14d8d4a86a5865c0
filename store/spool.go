package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// spoolMemory is how much of a message stays in memory.
const spoolMemory = 256 << 10

// A Spool takes a message on its way in: in memory while small, then in a file
// of the spool folder that has no name, so that a crash leaves nothing behind.
// Not safe for concurrent use.
type Spool struct {
	folder string
	limit  int64
	size   int64
	buf    []byte
	file   *os.File
	mapped []byte
}

// NewSpool makes one that holds at most limit bytes (0: any number); Write fails
// with ErrTooLarge beyond. Close it.
func (s *Store) NewSpool(limit int64) *Spool {
	if limit == 0 {
		limit = math.MaxInt64
	}
	return &Spool{folder: s.spool, limit: limit}
}

// Write takes all of p or, with an error, none of it.
func (sp *Spool) Write(p []byte) (int, error) {
	size := int64(len(p))
	if size > sp.limit-sp.size {
		return 0, fmt.Errorf("%w: limit is %d bytes", ErrTooLarge, sp.limit)
	}
	if sp.file == nil && sp.size+size <= spoolMemory {
		sp.buf = append(sp.buf, p...)
		sp.size += size
		return len(p), nil
	}
	if sp.file == nil {
		if err := sp.spill(); err != nil {
			return 0, err
		}
	}
	if _, err := sp.file.WriteAt(p, sp.size); err != nil {
		return 0, fmt.Errorf("spool: %w", err)
	}
	sp.size += size
	return len(p), nil
}

// ReadFrom takes all that r has: of a message whose size is known straight into
// a buffer of that size.
func (sp *Spool) ReadFrom(r io.Reader) (n int64, err error) {
	if sp.size > 0 || sp.limit > spoolMemory {
		return io.Copy(struct{ io.Writer }{sp}, r)
	}
	buf := make([]byte, sp.limit+1) // one more shows that there is too much
	for err == nil && n <= sp.limit {
		var read int
		read, err = r.Read(buf[n:])
		n += int64(read)
	}
	if n > sp.limit {
		return 0, fmt.Errorf("%w: limit is %d bytes", ErrTooLarge, sp.limit)
	}
	sp.buf, sp.size = buf[:n], n
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// spill goes on in a file.
func (sp *Spool) spill() error {
	file, err := nameless(sp.folder)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if _, err := file.WriteAt(sp.buf, 0); err != nil {
		return errors.Join(fmt.Errorf("spool: %w", err), file.Close())
	}
	sp.file, sp.buf = file, nil
	return nil
}

// nameless opens a file that goes with its descriptor. Not every file system
// can make one without a name.
func nameless(folder string) (*os.File, error) {
	fd, err := unix.Open(folder, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == nil {
		return os.NewFile(uintptr(fd), filepath.Join(folder, "nameless")), nil
	}
	file, err := os.CreateTemp(folder, "spool-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Size is how much was written.
func (sp *Spool) Size() int64 { return sp.size }

// Bytes returns the whole, mapped into memory where it is a file. It is valid
// until Write or Close.
func (sp *Spool) Bytes() ([]byte, error) {
	if sp.file == nil {
		return sp.buf, nil
	}
	if int64(len(sp.mapped)) == sp.size {
		return sp.mapped, nil
	}
	if err := sp.unmap(); err != nil {
		return nil, err
	}
	mapped, err := unix.Mmap(int(sp.file.Fd()), 0, int(sp.size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("spool: map: %w", err)
	}
	sp.mapped = mapped
	return mapped, nil
}

func (sp *Spool) unmap() error {
	if sp.mapped == nil {
		return nil
	}
	err := unix.Munmap(sp.mapped)
	sp.mapped = nil
	return err
}

// Close gives up the memory or the file.
func (sp *Spool) Close() error {
	err := sp.unmap()
	if sp.file != nil {
		err = errors.Join(err, sp.file.Close())
	}
	*sp = Spool{folder: sp.folder}
	return err
}

// emptySpool makes the folder, and removes what a crash left in it where files
// have names for a moment.
func emptySpool(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(folder, "spool-*"))
	if err != nil {
		return err
	}
	for _, name := range left {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

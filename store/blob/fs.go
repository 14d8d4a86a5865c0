package blob

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// FS is the file layer under the packs. The operating system's is one; the
// tests have another that fails writes, flushes and tears them.
type FS interface {
	OpenFile(name string, flag int, perm uint32) (File, error)
	ReadDir(dir string) ([]string, error)
	Remove(name string) error
	Rename(from, to string) error
	SyncDir(dir string) error
	MkdirAll(dir string, perm uint32) error
}

// File is an open file of an FS.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error // fdatasync
	Truncate(size int64) error
	Size() (int64, error)
}

// A reserver is a File that can be given room on the disk behind its end, its
// size staying what it is.
type reserver interface {
	Reserve(off, length int64) error
}

// OS is the operating system's file layer.
type OS struct{}

type osFile struct{ *os.File }

func (OS) OpenFile(name string, flag int, perm uint32) (File, error) {
	f, err := os.OpenFile(name, flag, os.FileMode(perm))
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (OS) ReadDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, err
}

func (OS) Remove(name string) error               { return os.Remove(name) }
func (OS) Rename(from, to string) error           { return os.Rename(from, to) }
func (OS) MkdirAll(dir string, perm uint32) error { return os.MkdirAll(dir, os.FileMode(perm)) }

// SyncDir makes new and removed names durable.
func (OS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Sync flushes data and size, not times.
func (f osFile) Sync() error { return unix.Fdatasync(int(f.Fd())) }

// Reserve lets a later write find its blocks allocated.
func (f osFile) Reserve(off, length int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, off, length)
}

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

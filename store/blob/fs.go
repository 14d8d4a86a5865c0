package blob

import "io"

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

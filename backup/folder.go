package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Folder is a target in the file system: this disk, or better another one.
type Folder struct{ path string }

// OpenFolder makes the folder when it is missing.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("snapshot folder: %w", err)
	}
	return &Folder{path}, nil
}

// Put writes beside the name, flushes, and renames.
func (f *Folder) Put(ctx context.Context, name string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.leaveRoom(int64(len(data))); err != nil {
		return err
	}
	path := f.join(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return writeFile(path, data)
}

// The room that a snapshot leaves on the disk: mail may live on the same one.
const (
	reserveBytes   = 512 << 20
	reservePercent = 5
)

func (f *Folder) leaveRoom(n int64) error {
	free, total, err := diskRoom(f.path)
	if err != nil {
		return err
	}
	if reserve := min(reserveBytes, total*reservePercent/100); free-n < reserve {
		return fmt.Errorf("snapshot folder %s: the disk is nearly full (%d MB free) and the rest is left to mail; make room, or choose another snapshot.target", f.path, free>>20)
	}
	return nil
}

func diskRoom(path string) (free, total int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, 0, fmt.Errorf("room on the disk of %s: %w", path, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize), nil
}

// writeFile replaces a file as a whole and durably.
func writeFile(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), partPrefix)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// partPrefix begins the name of a file that is being written.
const partPrefix = ".part-"

func (f *Folder) Get(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return os.ReadFile(f.join(name))
}

func (f *Folder) List(ctx context.Context, folder string, fn func(Object) error) error {
	root := f.join(folder)
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile, or nothing there yet
		}
		if err = errors.Join(err, ctx.Err()); err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, f.path+string(filepath.Separator))
		return fn(Object{Name: filepath.ToSlash(name), Size: info.Size(), Modified: info.ModTime()})
	})
}

func (f *Folder) Remove(_ context.Context, name string) error {
	if err := os.Remove(f.join(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f *Folder) join(name string) string { return filepath.Join(f.path, filepath.FromSlash(name)) }

func (f *Folder) Remote() bool   { return false }
func (f *Folder) String() string { return f.path }
func (f *Folder) Close() error   { return nil }

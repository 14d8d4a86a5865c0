package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Folder is a target in the file system: this disk, or better another one.
//
// To flush each object by itself would have the file system commit its journal
// twice for each, and everybody who flushes on the same disk waits for that. So
// what is put is written out, but flushed and given its name in batches.
type Folder struct {
	path    string
	reserve int64 // bytes that stay free on the disk; 0: the usual

	mu      sync.Mutex
	waiting []written
}

// written is a file that is not flushed yet.
type written struct {
	part, path string
	made       bool // its folder was made for it
}

// flushAfter is how many objects a batch has: what a killed process loses at most.
const flushAfter = 32

// OpenFolder makes the folder when it is missing.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("snapshot folder: %w", err)
	}
	return &Folder{path: path}, nil
}

// Put writes beside the name.
func (f *Folder) Put(ctx context.Context, name string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.leaveRoom(int64(len(data))); err != nil {
		return err
	}
	path := f.join(name)
	_, err := os.Stat(filepath.Dir(path))
	made := err != nil
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	part, err := writePart(path, data)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.waiting = append(f.waiting, written{part, path, made})
	full := len(f.waiting) >= flushAfter
	f.mu.Unlock()
	if full {
		return f.Flush(ctx)
	}
	return nil
}

// writeHint replaces a file as a whole, for what may be lost in a crash.
func writeHint(path string, data []byte) error {
	part, err := writePart(path, data)
	if err != nil {
		return err
	}
	return os.Rename(part, path)
}

// writePart writes a file beside its path, and has the disk begin with it.
func writePart(path string, data []byte) (part string, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), partPrefix)
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	if err == nil {
		beginWriting(file)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return file.Name(), nil
}

// Flush flushes the files, gives them their names, and flushes those.
func (f *Folder) Flush(ctx context.Context) error {
	f.mu.Lock()
	batch := f.waiting
	f.waiting = nil
	f.mu.Unlock()
	if err := syncAll(ctx, batch); err != nil {
		return err
	}
	folders := map[string]bool{}
	for _, w := range batch {
		if err := os.Rename(w.part, w.path); err != nil {
			return err
		}
		folders[filepath.Dir(w.path)] = true
		for above := filepath.Dir(w.path); w.made && above != f.path; {
			above = filepath.Dir(above)
			folders[above] = true
		}
	}
	for folder := range folders {
		if err := syncPath(folder); err != nil {
			return err
		}
	}
	return nil
}

// flushes is how many files are flushed at once: they share the file system's
// commits, which cost more than what is in them.
const flushes = 8

func syncAll(ctx context.Context, batch []written) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(flushes)
	for _, w := range batch {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return syncPath(w.part)
		})
	}
	return group.Wait()
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
	if reserve := max(f.reserve, min(reserveBytes, total*reservePercent/100)); free-n < reserve {
		return fmt.Errorf("snapshot folder %s: the disk is nearly full (%d MB free) and the rest is left to mail; make room, or choose another snapshot.target", f.path, free>>20)
	}
	return nil
}

// spare leaves so much free if the folder lies on the same disk as another one.
func (f *Folder) spare(other string, reserve int64) error {
	var here, there unix.Stat_t
	if err := errors.Join(unix.Stat(f.path, &here), unix.Stat(other, &there)); err != nil {
		return fmt.Errorf("snapshot folder: %w", err)
	}
	if here.Dev == there.Dev {
		f.reserve = reserve
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
	return syncPath(filepath.Dir(path))
}

// syncPath flushes a folder, for the names in it, or a file.
func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
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

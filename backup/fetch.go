package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// A Loss is a stretch of a file that cannot be given back.
type Loss struct {
	Path   string
	Offset int64
	Length int64
	Bundle Name
	Err    error
}

func (l Loss) String() string {
	return fmt.Sprintf("%s, bytes %d to %d: %v", l.Path, l.Offset, l.Offset+l.Length, l.Err)
}

// A piece is where a stretch of a bundle belongs.
type piece struct {
	path   string
	offset int64 // in the file
	Extent
}

// pieces turns files into what each bundle holds of them, so that each bundle is
// read once.
func pieces(files []File) (order []Name, of map[Name][]piece) {
	of = map[Name][]piece{}
	for _, f := range files {
		var at int64
		for _, e := range f.Extents {
			if of[e.Bundle] == nil {
				order = append(order, e.Bundle)
			}
			of[e.Bundle] = append(of[e.Bundle], piece{f.Path, at, e})
			at += e.Length
		}
	}
	return order, of
}

// isLost tells what is gone from what may work later.
func isLost(err error) bool { return errors.Is(err, ErrMissing) || errors.Is(err, ErrDamaged) }

// fetch writes files into a folder and flushes them. What is damaged or missing
// at the target becomes a hole and is returned; other errors end it.
func (r *Repository) fetch(ctx context.Context, files []File, folder string, did func(int64)) (lost []Loss, err error) {
	open, err := createFiles(files, folder)
	defer func() { err = errors.Join(err, closeFiles(open)) }()
	if err != nil {
		return nil, err
	}
	order, of := pieces(files)
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sealers)
	for _, name := range order {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			plain, err := r.bundle(ctx, name)
			if isLost(err) {
				mu.Lock()
				defer mu.Unlock()
				lost = append(lost, losses(of[name], err)...)
				return nil
			}
			if err != nil {
				return err
			}
			did(int64(len(plain)))
			return writePieces(open, of[name], plain)
		})
	}
	err = group.Wait()
	slices.SortFunc(lost, compareLosses)
	return lost, err
}

func losses(of []piece, err error) (lost []Loss) {
	for _, p := range of {
		lost = append(lost, Loss{p.path, p.offset, p.Length, p.Bundle, err})
	}
	return lost
}

func compareLosses(a, b Loss) int {
	if a.Path != b.Path {
		if a.Path < b.Path {
			return -1
		}
		return 1
	}
	return int(min(max(a.Offset-b.Offset, -1), 1))
}

// createFiles makes every file at its full size.
func createFiles(files []File, folder string) (map[string]*os.File, error) {
	open := map[string]*os.File{}
	for _, f := range files {
		path := filepath.Join(folder, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return open, err
		}
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return open, fmt.Errorf("%s: %w", path, ErrNotEmpty)
		}
		if err != nil {
			return open, err
		}
		open[f.Path] = file
		if err := file.Truncate(f.Size); err != nil {
			return open, err
		}
	}
	return open, nil
}

func closeFiles(open map[string]*os.File) error {
	var errs []error
	for _, file := range open {
		errs = append(errs, file.Sync(), file.Close())
	}
	return errors.Join(errs...)
}

func writePieces(open map[string]*os.File, of []piece, plain []byte) error {
	for _, p := range of {
		if int64(len(plain)) != p.Size {
			return fmt.Errorf("bundle %s: %w: it has %d of %d bytes", p.Bundle, ErrDamaged, len(plain), p.Size)
		}
		if _, err := open[p.path].WriteAt(plain[p.Offset:p.Offset+p.Length], p.offset); err != nil {
			return err
		}
	}
	return nil
}

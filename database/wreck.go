package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// A Wreck is a damaged database of which something may still be read. It is a
// copy, since opening a database changes it. Not safe for concurrent use.
type Wreck struct {
	Damaged bool // something could not be read

	db     *sql.DB
	folder string
}

// OpenWreck copies the database at path into a folder beside it, which Close
// removes.
func OpenWreck(path string) (*Wreck, error) {
	folder, err := os.MkdirTemp(filepath.Dir(path), "salvage-")
	if err != nil {
		return nil, fmt.Errorf("open wreck: %w", err)
	}
	w := &Wreck{folder: folder}
	copied := filepath.Join(folder, "salvage.db")
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(copied+suffix, path+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("open wreck: %w", err), w.Close())
		}
	}
	query := url.Values{"_pragma": {"query_only(1)"}}
	w.db, err = sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(copied), RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open wreck: %w", err), w.Close())
	}
	return w, nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Close removes the copy.
func (w *Wreck) Close() error {
	var err error
	if w.db != nil {
		err = w.db.Close()
	}
	return errors.Join(err, os.RemoveAll(w.folder))
}

// maxKey is where Walk gives up looking for readable rows.
const maxKey = 1 << 40

// Walk calls fn with each row that can be read of a query in the order of its
// key, which is asked for from behind a bound, the last argument; fn returns the
// key. Behind damage it goes on with the next key that can be read, looking ever
// further away.
func (w *Wreck) Walk(ctx context.Context, query string, args []any, fn func(scan func(...any) error) (key int64, err error)) {
	step := int64(1)
	for after := int64(0); after < maxKey && ctx.Err() == nil; {
		last, err := w.walkOnce(ctx, query, append(args[:len(args):len(args)], after), fn)
		if err == nil {
			return
		}
		w.Damaged = true
		if last > after {
			after, step = last, 1
		}
		after += step
		step *= 2
	}
}

// walkOnce returns the last key that was read.
func (w *Wreck) walkOnce(ctx context.Context, query string, args []any, fn func(scan func(...any) error) (int64, error)) (last int64, err error) {
	rows, err := w.db.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		key, err := fn(rows.Scan)
		last = max(last, key)
		if err != nil {
			return last, err
		}
	}
	return last, rows.Err()
}

// Each calls fn with each row of a query up to the first that cannot be read.
func (w *Wreck) Each(ctx context.Context, query string, args []any, fn func(scan func(...any) error) error) {
	_, err := w.walkOnce(ctx, query, args, func(scan func(...any) error) (int64, error) { return 0, fn(scan) })
	if err != nil {
		w.Damaged = true
	}
}

package store

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

	"github.com/emersion/go-imap/v2"
	"letterbox/store/blob"
)

// Salvaged is what could still be read of a damaged database: where each
// message stood last, and with which flags. A nil one knows nothing.
type Salvaged struct {
	stood    map[fingerprint][]place
	Messages int64 // entries that were read
	Damaged  bool  // something could not be read
}

// take returns where a message stood last. Of several with one fingerprint the
// first to ask gets all places.
func (s *Salvaged) take(message fingerprint) []place {
	if s == nil {
		return nil
	}
	places := s.stood[message]
	delete(s.stood, message)
	return places
}

// Salvage reads what can still be read of the mailboxes, entries and flags in
// the database at path. It works on a copy beside it, which it removes: opening
// a database changes it.
func Salvage(ctx context.Context, path string) (*Salvaged, error) {
	folder, err := os.MkdirTemp(filepath.Dir(path), "salvage-")
	if err != nil {
		return nil, fmt.Errorf("salvage: %w", err)
	}
	defer os.RemoveAll(folder)
	copied := filepath.Join(folder, "salvage.db")
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(copied+suffix, path+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("salvage: %w", err)
		}
	}
	query := url.Values{"_pragma": {"query_only(1)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(copied), RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("salvage: %w", err)
	}
	defer db.Close()
	s := &Salvaged{stood: map[fingerprint][]place{}}
	s.read(ctx, db)
	return s, ctx.Err()
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

// A folder is a mailbox of a damaged database.
type folder struct {
	id            int64
	name, address string
	words         vocabulary
}

// read goes through the mailboxes of the users that are known.
func (s *Salvaged) read(ctx context.Context, db *sql.DB) {
	var folders []folder
	s.walk(ctx, db, `
		SELECT m.id, m.name, u.localpart || '@' || d.name
		FROM mailbox AS m JOIN user AS u ON u.id = m.account JOIN domain AS d ON d.id = u.domain
		WHERE m.id > ? ORDER BY m.id`, nil, func(row scanner) (int64, error) {
		var f folder
		err := row.Scan(&f.id, &f.name, &f.address)
		if err == nil {
			folders = append(folders, f)
		}
		return f.id, err
	})
	for _, f := range folders {
		s.walk(ctx, db, `SELECT bit, name FROM keyword WHERE mailbox = ? AND bit > ? ORDER BY bit`,
			[]any{f.id}, f.readKeyword)
		s.walk(ctx, db, `
			SELECT e.uid, e.flags, m.prefix, m.received_at, b.hash
			FROM entry AS e JOIN message AS m ON m.id = e.message JOIN blob AS b ON b.id = m.blob
			WHERE e.mailbox = ? AND e.uid > ? ORDER BY e.uid`, []any{f.id}, func(row scanner) (int64, error) {
			return s.readEntry(&f, row)
		})
	}
}

func (f *folder) readKeyword(row scanner) (key int64, err error) {
	var name imap.Flag
	if err = row.Scan(&key, &name); err == nil {
		f.words = f.words.with(int(key), name)
	}
	return key, err
}

func (s *Salvaged) readEntry(f *folder, row scanner) (uid int64, err error) {
	var flags, received int64
	var prefix, hash []byte
	if err := row.Scan(&uid, &flags, &prefix, &received, &hash); err != nil {
		return uid, err
	}
	if len(hash) != len(blob.Hash{}) {
		s.Damaged = true
		return uid, nil
	}
	key := fingerprintOf(f.address, blob.Hash(hash), prefix, received)
	s.stood[key] = append(s.stood[key], place{f.name, f.words.names(Flags(flags))})
	s.Messages++
	return uid, nil
}

// with returns the keywords with one more at its bit.
func (v vocabulary) with(bit int, name imap.Flag) vocabulary {
	i := bit - FirstKeyword
	if i < 0 || i >= MaxKeywords {
		return v
	}
	for len(v) <= i {
		v = append(v, "")
	}
	v[i] = name
	return v
}

// maxKey is where walk gives up looking for readable rows.
const maxKey = 1 << 40

// walk calls fn with each row that can be read of a query in the order of its
// key, which is asked for from behind a bound, the last argument. Behind damage
// it goes on with the next key that can be read, looking ever further away.
func (s *Salvaged) walk(ctx context.Context, db *sql.DB, query string, args []any, fn func(row scanner) (key int64, err error)) {
	step := int64(1)
	for after := int64(0); after < maxKey && ctx.Err() == nil; {
		last, err := walkOnce(ctx, db, query, append(args[:len(args):len(args)], after), fn)
		if err == nil {
			return
		}
		s.Damaged = true
		if last > after {
			after, step = last, 1
		}
		after += step
		step *= 2
	}
}

// walkOnce returns the last key that was read.
func walkOnce(ctx context.Context, db *sql.DB, query string, args []any, fn func(row scanner) (int64, error)) (last int64, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		key, err := fn(rows)
		last = max(last, key)
		if err != nil {
			return last, err
		}
	}
	return last, rows.Err()
}

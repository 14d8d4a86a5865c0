package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
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
// the database at path, which it leaves as it is.
func Salvage(ctx context.Context, path string) (*Salvaged, error) {
	w, err := database.OpenWreck(path)
	if err != nil {
		return nil, fmt.Errorf("salvage mailboxes: %w", err)
	}
	s := &Salvaged{stood: map[fingerprint][]place{}}
	s.read(ctx, w)
	s.Damaged = s.Damaged || w.Damaged
	return s, errors.Join(ctx.Err(), w.Close())
}

// A folder is a mailbox of a damaged database.
type folder struct {
	id            int64
	name, address string
	words         vocabulary
}

// read goes through the mailboxes of the users that are known.
func (s *Salvaged) read(ctx context.Context, w *database.Wreck) {
	var folders []folder
	w.Walk(ctx, `
		SELECT m.id, m.name, u.localpart || '@' || d.name
		FROM mailbox AS m JOIN user AS u ON u.id = m.account JOIN domain AS d ON d.id = u.domain
		WHERE m.id > ? ORDER BY m.id`, nil, func(scan func(...any) error) (int64, error) {
		var f folder
		err := scan(&f.id, &f.name, &f.address)
		if err == nil {
			folders = append(folders, f)
		}
		return f.id, err
	})
	for _, f := range folders {
		w.Walk(ctx, `SELECT bit, name FROM keyword WHERE mailbox = ? AND bit > ? ORDER BY bit`,
			[]any{f.id}, f.readKeyword)
		w.Walk(ctx, `
			SELECT e.uid, e.flags, m.prefix, m.received_at, b.hash
			FROM entry AS e JOIN message AS m ON m.id = e.message JOIN blob AS b ON b.id = m.blob
			WHERE e.mailbox = ? AND e.uid > ? ORDER BY e.uid`, []any{f.id}, func(scan func(...any) error) (int64, error) {
			return s.readEntry(&f, scan)
		})
	}
}

func (f *folder) readKeyword(scan func(...any) error) (key int64, err error) {
	var name imap.Flag
	if err = scan(&key, &name); err == nil {
		f.words = f.words.with(int(key), name)
	}
	return key, err
}

func (s *Salvaged) readEntry(f *folder, scan func(...any) error) (uid int64, err error) {
	var flags, received int64
	var prefix, hash []byte
	if err := scan(&uid, &flags, &prefix, &received, &hash); err != nil {
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

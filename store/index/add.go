package index

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"unicode/utf8"
)

// A Doc is a message to be indexed: its id and its folded texts.
type Doc struct {
	ID           int64
	Header, Body []byte
}

// A Position says that all messages of a mailbox up to a uid were dealt with:
// they are in the index, or are not meant to be.
type Position struct{ Mailbox, UID int64 }

// Add adds messages and moves positions, in one transaction. Messages that are
// in already must not be among them. ErrForeign when the index has another origin.
func (x *Index) Add(ctx context.Context, origin string, docs []Doc, positions []Position) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	known := x.Origin()
	if known != "" && known != origin {
		return ErrForeign
	}
	err := x.transact(ctx, func(tx *sql.Tx) error {
		if known == "" {
			if _, err := tx.ExecContext(ctx, `INSERT INTO origin (name) VALUES (?)`, origin); err != nil {
				return err
			}
		}
		if err := addDocs(ctx, tx, docs); err != nil {
			return err
		}
		for _, p := range positions {
			_, err := tx.ExecContext(ctx, `
				INSERT INTO position (mailbox, uid) VALUES (?, ?) ON CONFLICT DO UPDATE SET uid = excluded.uid`, p.Mailbox, p.UID)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.origin = origin
	x.hold(docs)
	return nil
}

// hold takes up the ids of messages that were added; x.mu is held. Ids ascend,
// mostly, and go behind those that there are: whoever was handed the list sees no
// further than to its end. Only those out of order cost a copy of all.
func (x *Index) hold(docs []Doc) {
	ids := make([]int64, len(docs))
	for i := range docs {
		ids[i] = docs[i].ID
	}
	slices.Sort(ids)
	if n := len(x.ids); n > 0 && len(ids) > 0 && ids[0] < x.ids[n-1] {
		x.ids = slices.Concat(x.ids, ids)
		slices.Sort(x.ids)
		return
	}
	x.ids = append(x.ids, ids...)
}

// addDocs adds each text by a statement of its own: one of two rows would open a
// savepoint, at which FTS5 writes out what it has gathered, a segment for every
// message.
func addDocs(ctx context.Context, tx *sql.Tx, docs []Doc) error {
	trigram, err := tx.PrepareContext(ctx, `INSERT INTO trigram (rowid, text) VALUES (?, ?)`)
	if err != nil {
		return err
	}
	defer trigram.Close()
	text, err := tx.PrepareContext(ctx, `INSERT INTO text (id, header, packed) VALUES (?, ?, ?)`)
	if err != nil {
		return err
	}
	defer text.Close()
	for i := range docs {
		d := &docs[i]
		if _, err := tx.ExecContext(ctx, `INSERT INTO doc (id) VALUES (?)`, d.ID); err != nil {
			return err
		}
		if _, err := trigram.ExecContext(ctx, 2*d.ID, indexable(d.Header)); err != nil {
			return err
		}
		if _, err := trigram.ExecContext(ctx, 2*d.ID+1, indexable(d.Body)); err != nil {
			return err
		}
		if _, err := text.ExecContext(ctx, d.ID, len(d.Header), pack(d.Header, d.Body)); err != nil {
			return err
		}
	}
	return nil
}

// indexable is a text as the tokenizer takes it. It stops at a NUL and guesses
// at what is not UTF-8; no search can be for either.
func indexable(text []byte) string {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, []byte{'\n'})
	}
	return string(text)
}

// Remove takes messages out; those that are not in do not matter.
func (x *Index) Remove(ctx context.Context, ids []int64) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	held := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return !x.Has(id) })
	if len(held) == 0 {
		return nil
	}
	err := x.transact(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{
			`DELETE FROM trigram WHERE rowid = 2 * ?`, // each by itself: see addDocs
			`DELETE FROM trigram WHERE rowid = 2 * ? + 1`,
			`DELETE FROM text WHERE id = ?`,
			`DELETE FROM doc WHERE id = ?`,
		} {
			if err := each(ctx, tx, query, held); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(held)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ids = slices.DeleteFunc(slices.Clone(x.ids), func(id int64) bool {
		_, gone := slices.BinarySearch(held, id)
		return gone
	})
	return nil
}

// each runs a statement with each of the ids.
func each(ctx context.Context, tx *sql.Tx, query string, ids []int64) error {
	statement, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer statement.Close()
	for _, id := range ids {
		if _, err := statement.ExecContext(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// Positions returns how far each mailbox was dealt with.
func (x *Index) Positions(ctx context.Context) (map[int64]int64, error) {
	rows, err := x.db.QueryContext(ctx, `SELECT mailbox, uid FROM position`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	positions := map[int64]int64{}
	for rows.Next() {
		var p Position
		if err := rows.Scan(&p.Mailbox, &p.UID); err != nil {
			return nil, err
		}
		positions[p.Mailbox] = p.UID
	}
	return positions, rows.Err()
}

// Forget takes the positions of mailboxes that are gone.
func (x *Index) Forget(ctx context.Context, mailboxes []int64) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.transact(ctx, func(tx *sql.Tx) error {
		for _, m := range mailboxes {
			if _, err := tx.ExecContext(ctx, `DELETE FROM position WHERE mailbox = ?`, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (x *Index) transact(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback() // the error before it says what is wrong
		return err
	}
	return tx.Commit()
}

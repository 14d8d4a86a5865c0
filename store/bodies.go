package store

import (
	"database/sql"
	"errors"
	"slices"
	"sync"

	"letterbox/database"
	"letterbox/message"
	"letterbox/store/blob"
)

// A body is one distinct raw message of a batch.
type body struct {
	hash   blob.Hash
	raw    []byte
	listed bool             // a mailbox gets it, so that it is to be parsed
	parsed *message.Message // nil before that
	parts  []byte           // of parsed, encoded
	refs   int              // how many rows of the batch refer to it

	// Of one attempt:
	meta  []blob.Meta
	known int64         // its row when the attempt was prepared, 0: none
	moves int           // see underway
	at    blob.Location // of the record, when it was not known
	row   int64         // its row in the transaction
}

// bodies are those of a batch: each once, and by message and held body.
type bodies struct {
	list []*body
	of   []*body // by message of the batch
	held []*body // by Hold of the batch
}

// unpack hashes the bodies of a batch.
func unpack(b Batch) *bodies {
	all := &bodies{of: make([]*body, len(b.Messages)), held: make([]*body, len(b.Hold))}
	known := map[blob.Hash]*body{}
	take := func(raw []byte) *body {
		hash := blob.Sum(raw)
		one := known[hash]
		if one == nil {
			one = &body{hash: hash, raw: raw}
			known[hash] = one
			all.list = append(all.list, one)
		}
		one.refs++
		return one
	}
	for i, m := range b.Messages {
		all.of[i] = take(m.Raw)
		all.of[i].listed = true
	}
	for i, raw := range b.Hold {
		all.held[i] = take(raw)
	}
	return all
}

// parse parses those that are listed, each once.
func (b *bodies) parse() {
	for _, one := range b.list {
		if one.listed {
			one.parse()
		}
	}
}

func (b *body) parse() {
	if b.parsed == nil {
		b.parsed = message.Parse(b.raw)
		b.parts = b.parsed.Root.AppendBinary(nil)
	}
}

// usualHeader is that of the prefix, if any, and the body: empty where the body
// has to be asked.
func usualHeader(prefix []byte, parsed *message.Message) []byte {
	if len(prefix) == 0 || len(parsed.UsualHeader) == 0 {
		return notNil(parsed.UsualHeader)
	}
	return slices.Concat(message.ParseHeader(prefix).UsualHeader, parsed.UsualHeader)
}

// items are the records to be put: a body, or a note where it is kept already.
func (b *bodies) items() []blob.Item {
	items := make([]blob.Item, len(b.list))
	for i, one := range b.list {
		items[i] = blob.Item{Hash: one.hash, Meta: one.meta}
		if one.known == 0 {
			items[i].Body = notNil(one.raw)
		}
	}
	return items
}

// findBlob returns the row of a body, 0 when there is none.
func findBlob(q querier, hash blob.Hash) (id int64, err error) {
	err = q.QueryRow(`SELECT id FROM blob WHERE hash = ?`, hash[:]).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// insertBody makes or finds the body's row and counts the references of the
// batch. errBodyMoved when things are no longer as they were prepared.
func (s *Store) insertBody(tx *database.Tx, b *body) error {
	id, err := findBlob(tx, b.hash)
	if err != nil {
		return err
	}
	if id != b.known || id == 0 && b.moves != s.underway.moves(b.hash) {
		return errBodyMoved
	}
	if b.row = id; id != 0 {
		return b.refer(tx)
	}
	return b.insert(tx)
}

// refer counts the references of the batch to a body that has a row.
func (b *body) refer(tx *database.Tx) error {
	_, err := tx.Exec(`UPDATE blob SET refs = refs + ? WHERE id = ?`, b.refs, b.row)
	return err
}

// insert makes its row.
func (b *body) insert(tx *database.Tx) error {
	res, err := tx.Exec(`INSERT INTO blob (hash, pack, offset, length, size, refs) VALUES (?, ?, ?, ?, ?, ?)`,
		b.hash[:], int64(b.at.Pack), b.at.Offset, b.at.Length, len(b.raw), b.refs)
	if err != nil {
		return err
	}
	b.row, err = res.LastInsertId()
	return err
}

// underway knows the bodies that are being appended: durable perhaps, but with
// no row yet. Compaction takes them for alive, and says here when it moved one,
// whereupon the append begins again: the record that it put may be gone. What a
// crash leaves underway nobody was told of.
type underway struct {
	mu     sync.Mutex
	bodies map[blob.Hash]*flight
}

type flight struct {
	users int
	moves int
}

func (u *underway) begin(b *bodies) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bodies == nil {
		u.bodies = map[blob.Hash]*flight{}
	}
	for _, one := range b.list {
		f := u.bodies[one.hash]
		if f == nil {
			f = &flight{}
			u.bodies[one.hash] = f
		}
		f.users++
	}
}

func (u *underway) end(b *bodies) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, one := range b.list {
		f := u.bodies[one.hash]
		if f.users--; f.users == 0 {
			delete(u.bodies, one.hash)
		}
	}
}

// moves returns how often compaction moved a body that is underway.
func (u *underway) moves(h blob.Hash) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.bodies[h].moves
}

// has reports whether a body is underway.
func (u *underway) has(h blob.Hash) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.bodies[h] != nil
}

// moved counts a move of a body if it is underway.
func (u *underway) moved(h blob.Hash) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if f := u.bodies[h]; f != nil {
		f.moves++
	}
}

// HeldID names a held body.
type HeldID int64

// hold keeps a body for somebody outside of the mailboxes; its reference is
// counted already.
func hold(tx *database.Tx, b *body) (HeldID, error) {
	res, err := tx.Exec(`INSERT INTO held (blob) VALUES (?)`, b.row)
	if err != nil {
		return 0, err
	}
	id, err := res.LastInsertId()
	return HeldID(id), err
}

// ReleaseHeld, in the queue's transaction, gives a held body up. One that is
// gone already is no error.
func (s *Store) ReleaseHeld(tx *database.Tx, id HeldID) error {
	var row int64
	err := tx.QueryRow(`DELETE FROM held WHERE id = ? RETURNING blob`, int64(id)).Scan(&row)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return releaseBlob(tx, row)
}

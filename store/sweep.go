package store

import (
	"context"
	"fmt"
	"time"

	"letterbox/database"
	"letterbox/store/blob"
)

// keepPack is the part of a pack that must be alive for it to be left alone.
const keepPack = 0.5

// Sweep forgets bodies that nobody has referred to for longer than grace, and
// compacts packs that are mostly dead: rows first, then what no row knows.
func (s *Store) Sweep(ctx context.Context, grace time.Duration) error {
	if err := s.clean(ctx); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if err := s.indexer.sweep(ctx); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	before := time.Now().Add(-grace)
	forget := func(j *job) (more bool, err error) {
		res, err := j.tx.Exec(`
			DELETE FROM blob WHERE id IN (SELECT id FROM blob WHERE refs = 0 AND freed_at <= ? LIMIT ?)`,
			before.Unix(), chunkRows)
		if err != nil {
			return false, err
		}
		n, err := res.RowsAffected()
		return n == chunkRows, err
	}
	if err := s.repeat(ctx, forget); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	judge := &judge{store: s, ctx: ctx, before: before}
	if err := s.blobs.Compact(ctx, keepPack, judge.alive, s.relocate); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return judge.err
}

// A judge says of each record of a pack whether it is alive.
type judge struct {
	store  *Store
	ctx    context.Context
	before time.Time // younger records are left alone
	err    error     // of the database; everything is alive then
}

// alive asks whether the body is underway before it asks the database: an
// append that is not underway any more has its row by then, one that begins
// later puts a record of its own. A record that no row knows may have been
// appended after the snapshot that this database was restored from: rescue can
// still find it while the grace lasts.
func (d *judge) alive(r blob.Record) bool {
	if d.store.underway.has(r.Hash) {
		return true
	}
	var at blob.Location
	known := false
	err := d.store.db.Read(d.ctx, func(c *database.Conn) error {
		rows, err := queryAll(c, scanLocation, `SELECT pack, offset, length FROM blob WHERE hash = ?`, r.Hash[:])
		if len(rows) > 0 {
			at, known = rows[0], true
		}
		return err
	})
	switch {
	case err != nil:
		d.err = fmt.Errorf("sweep: %w", err)
		return true
	case known:
		return r.Note || r.Location == at
	}
	return received(r).After(d.before)
}

func scanLocation(row scanner) (at blob.Location, err error) {
	err = row.Scan(&at.Pack, &at.Offset, &at.Length)
	return at, err
}

// received is when the record was delivered last.
func received(r blob.Record) (last time.Time) {
	for _, m := range r.Meta {
		if m.Received.After(last) {
			last = m.Received
		}
	}
	return last
}

// relocate switches the rows of records that compaction moved. Appends that are
// underway with one of them are told first: those whose transaction comes later
// begin again, those whose transaction came before have a row to be switched.
func (s *Store) relocate(ctx context.Context, moves []blob.Move) error {
	for _, m := range moves {
		s.underway.moved(m.Hash)
	}
	return s.write(ctx, func(j *job) error {
		for _, m := range moves {
			_, err := j.tx.Exec(`
				UPDATE blob SET pack = ?, offset = ?, length = ? WHERE hash = ? AND pack = ? AND offset = ?`,
				int64(m.To.Pack), m.To.Offset, m.To.Length, m.Hash[:], int64(m.From.Pack), m.From.Offset)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

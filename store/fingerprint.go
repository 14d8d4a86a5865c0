package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"letterbox/database"
	"letterbox/store/blob"
)

// A Fingerprint stands for what a message is to its reader: body, header lines
// for this recipient and date. It is the same in another database.
type Fingerprint [16]byte

// Fingerprint of a row that was read WithBody.
func (r *Row) Fingerprint() (f Fingerprint) {
	h := sha256.New()
	h.Write(r.hash[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(r.Received.Unix())))
	h.Write(r.Prefix)
	copy(f[:], h.Sum(nil))
	return f
}

// Bodies calls fn with every body that is referred to, in the order of the packs;
// with a sample, with that many taken at random. fn runs in a reading transaction:
// this is for a copy of the database, with which nobody else works.
func Bodies(ctx context.Context, db *database.DB, sample int, fn func(blob.Hash, blob.Location) error) error {
	query, args := `SELECT hash, pack, offset, length FROM blob WHERE refs > 0 ORDER BY pack, offset`, []any{}
	if sample > 0 {
		query, args = `SELECT hash, pack, offset, length FROM blob WHERE refs > 0 ORDER BY random() LIMIT ?`, []any{sample}
	}
	err := db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var hash []byte
			var at blob.Location
			if err := rows.Scan(&hash, &at.Pack, &at.Offset, &at.Length); err != nil {
				return err
			}
			if len(hash) != len(blob.Hash{}) {
				return fmt.Errorf("a body in pack %d has a hash of %d bytes", at.Pack, len(hash))
			}
			if err := fn(blob.Hash(hash), at); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("go through the bodies: %w", err)
	}
	return nil
}

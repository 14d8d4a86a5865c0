package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"letterbox/database"
	"letterbox/store/blob"
)

// A Body reads a message's bytes, prefix included: offset 0 is the first byte
// the client sees. PrefixLen is to be added to offsets of a message.Part. It
// stays readable when the message is expunged meanwhile.
type Body struct {
	prefix []byte
	blob   *blob.Reader
}

// openAttempts bounds how often a body is looked up again that compaction moved
// between the look-up and the opening.
const openAttempts = 3

// OpenBody opens a message's bytes; ErrNoMessage, *blob.CorruptError. Close it.
func (s *Store) OpenBody(ctx context.Context, id MessageID) (*Body, error) {
	b, err := s.openBody(ctx, `
		SELECT m.prefix, b.hash, b.pack, b.offset, b.length
		FROM message AS m JOIN blob AS b ON b.id = m.blob WHERE m.id = ?`, int64(id))
	if err != nil {
		return nil, fmt.Errorf("open body of message %d: %w", id, err)
	}
	return b, nil
}

// OpenRow is OpenBody for a row that was read WithBody; it asks the database
// only if the body has been moved since. The body is valid as long as the row.
func (s *Store) OpenRow(ctx context.Context, row *Row) (*Body, error) {
	if r, err := s.blobs.Open(row.at, row.hash); err == nil {
		return &Body{prefix: row.Prefix, blob: r}, nil
	}
	return s.OpenBody(ctx, row.Message)
}

// OpenHeld opens a held body.
func (s *Store) OpenHeld(ctx context.Context, id HeldID) (*Body, error) {
	b, err := s.openBody(ctx, `
		SELECT x'', b.hash, b.pack, b.offset, b.length
		FROM held AS h JOIN blob AS b ON b.id = h.blob WHERE h.id = ?`, int64(id))
	if err != nil {
		return nil, fmt.Errorf("open held body %d: %w", id, err)
	}
	return b, nil
}

func (s *Store) openBody(ctx context.Context, query string, id int64) (b *Body, err error) {
	for range openAttempts {
		var prefix, hash []byte
		var at blob.Location
		err = s.db.Read(ctx, func(c *database.Conn) error {
			return found(c.QueryRow(query, id).Scan(&prefix, &hash, &at.Pack, &at.Offset, &at.Length), ErrNoMessage)
		})
		if err != nil {
			return nil, err
		}
		r, failed := s.blobs.Open(at, blob.Hash(hash))
		if failed == nil {
			return &Body{prefix: prefix, blob: r}, nil
		}
		err = failed
	}
	return nil, err
}

// Load reads and decompresses now what would be at the first read; of a large
// body that is only how it is cut. Damage shows here.
func (b *Body) Load() error { return b.blob.Load() }

// Size is that of the whole, as RFC822.SIZE.
func (b *Body) Size() int64 { return b.PrefixLen() + b.blob.Size() }

// PrefixLen is how many bytes stand before the raw message.
func (b *Body) PrefixLen() int64 { return int64(len(b.prefix)) }

// ReadAt is that of io.ReaderAt.
func (b *Body) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("read body: negative offset")
	}
	if off < b.PrefixLen() {
		n = copy(p, b.prefix[off:])
		off = b.PrefixLen()
	}
	if n == len(p) {
		return n, nil
	}
	more, err := b.blob.ReadAt(p[n:], off-b.PrefixLen())
	return n + more, err
}

// WriteTo writes the whole.
func (b *Body) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(b.prefix)
	if err != nil {
		return int64(n), err
	}
	more, err := b.blob.WriteTo(w)
	return int64(n) + more, err
}

// Close gives it up.
func (b *Body) Close() error { return b.blob.Close() }

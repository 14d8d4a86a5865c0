package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/message"
	"letterbox/store/blob"
)

// Columns says what Rows is to read.
type Columns uint16

const (
	WithEnvelope Columns = 1 << iota
	WithBodyStructure
	WithHeader // Prefix and the usual fields
	WithPreview
	WithParts // the part tree
	WithSaved // SAVEDATE
	WithBody  // Prefix, and what OpenRow needs
)

// A Row is one message as FETCH and SEARCH need it. Size, Received, Message and
// Thread are always there.
type Row struct {
	UID                     imap.UID
	Message                 MessageID
	Thread                  int64
	Size                    int64
	Received                time.Time
	Saved                   time.Time
	Envelope, BodyStructure []byte
	Prefix                  []byte
	Header                  []byte // the usual fields of Prefix and body (message.IsUsualField); empty: ask the body
	Preview                 string
	Parts                   *message.Part

	hash blob.Hash // of the body; with WithBody
	at   blob.Location
}

// A batch of Rows holds at most this much.
const (
	batchRows  = 256
	batchBytes = 1 << 20
)

// Rows calls fn for each of the uids that exists, ascending. It reads in
// batches, bounded in rows and bytes, and holds no transaction while fn runs:
// fn may write to a slow socket. A Row is valid within fn only. fn's error ends
// it and is returned.
func (s *Store) Rows(ctx context.Context, m MailboxID, uids imap.UIDSet, cols Columns, fn func(*Row) error) error {
	b := newBatch(cols)
	walk := &cursor{rest: ranges(uids, maxUID)}
	for len(walk.rest) > 0 {
		err := s.db.Read(ctx, func(c *database.Conn) error { return b.read(c, m, walk) })
		if err != nil {
			return fmt.Errorf("read messages of mailbox %d: %w", m, err)
		}
		for i := range b.rows {
			row := &b.rows[i]
			if row.Parts, err = decodeParts(b.parts[i]); err != nil {
				return fmt.Errorf("message %d: %w", row.Message, err)
			}
			if err := fn(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func decodeParts(encoded []byte) (*message.Part, error) {
	if encoded == nil {
		return nil, nil
	}
	return message.DecodePart(encoded)
}

// A batch is what one reading transaction yields. Its memory is used again.
type batch struct {
	query   string // up to the condition on uids
	dest    []any  // where it is scanned to: into lent
	lent    lentRow
	rows    []Row
	parts   [][]byte // encoded, by row
	bytes   []byte   // what rows and parts point into
	zone    *time.Location
	minutes int
}

// lentRow is what the driver lends for a moment.
type lentRow struct {
	uid, saved, id, thread, size, received int64
	minutes                                int

	envelope, structure, prefix, header, preview, parts, hash sql.RawBytes
	at                                                        blob.Location
}

func newBatch(cols Columns) *batch {
	b := &batch{}
	r := &b.lent
	b.dest = []any{&r.uid, &r.saved, &r.id, &r.thread, &r.size, &r.received, &r.minutes}
	query, from := `SELECT e.uid, e.saved_at, m.id, CASE m.thread WHEN 0 THEN m.id ELSE m.thread END, m.size, m.received_at, m.received_zone`,
		` FROM entry AS e CROSS JOIN message AS m ON m.id = e.message`
	want := func(wanted Columns, columns string, dest ...any) {
		if cols&wanted != 0 {
			query += columns
			b.dest = append(b.dest, dest...)
		}
	}
	want(WithEnvelope, `, m.envelope`, &r.envelope)
	want(WithBodyStructure, `, m.bodystructure`, &r.structure)
	want(WithHeader|WithBody, `, m.prefix`, &r.prefix)
	want(WithHeader, `, m.header`, &r.header)
	want(WithPreview, `, m.preview`, &r.preview)
	want(WithParts, `, m.parts`, &r.parts)
	want(WithBody, `, b.hash, b.pack, b.offset, b.length`, &r.hash, &r.at.Pack, &r.at.Offset, &r.at.Length)
	if cols&WithBody != 0 {
		from += ` CROSS JOIN blob AS b ON b.id = m.blob`
	}
	b.query = query + from + ` WHERE e.mailbox = ? AND `
	return b
}

// read takes the next messages of a walk.
func (b *batch) read(q querier, m MailboxID, walk *cursor) error {
	b.rows, b.parts, b.bytes = b.rows[:0], b.parts[:0], b.bytes[:0]
	for !b.full() {
		p, ok := walk.next(batchRows - len(b.rows))
		if !ok {
			return nil
		}
		if err := b.readPiece(q, m, walk, p); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) full() bool { return len(b.rows) >= batchRows || len(b.bytes) >= batchBytes }

func (b *batch) readPiece(q querier, m MailboxID, walk *cursor, p piece) error {
	where, args := p.where()
	rows, err := q.Query(b.query+where+` ORDER BY e.uid LIMIT ?`,
		append(append([]any{int64(m)}, args...), batchRows-len(b.rows))...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := b.scan(rows); err != nil {
			return err
		}
		if b.full() {
			walk.resume(b.rows[len(b.rows)-1].UID)
			return nil
		}
	}
	return rows.Err()
}

// scan adds the row that the query is at.
func (b *batch) scan(rows *sql.Rows) error {
	if err := rows.Scan(b.dest...); err != nil {
		return err
	}
	r := &b.lent
	row := Row{
		UID: imap.UID(r.uid), Message: MessageID(r.id), Thread: r.thread, Size: r.size,
		Received: time.Unix(r.received, 0).In(b.location(r.minutes)),
		Saved:    time.Unix(r.saved, 0),
		Envelope: b.keep(r.envelope), BodyStructure: b.keep(r.structure),
		Prefix: b.keep(r.prefix), Header: b.keep(r.header), Preview: string(r.preview),
		at: r.at,
	}
	copy(row.hash[:], r.hash)
	b.rows = append(b.rows, row)
	b.parts = append(b.parts, b.keep(r.parts))
	return nil
}

// keep copies what the driver lends. A slice that was handed out stays valid
// when bytes grows: it keeps the old array.
func (b *batch) keep(lent []byte) []byte {
	if lent == nil {
		return nil
	}
	n := len(b.bytes)
	b.bytes = append(b.bytes, lent...)
	return b.bytes[n:len(b.bytes):len(b.bytes)]
}

// location returns a zone; those of neighbours are mostly the same.
func (b *batch) location(minutes int) *time.Location {
	if b.zone == nil || b.minutes != minutes {
		b.zone, b.minutes = time.FixedZone("", minutes*60), minutes
	}
	return b.zone
}

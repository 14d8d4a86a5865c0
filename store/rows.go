package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/message"
)

// Columns says what Rows is to read.
type Columns uint16

const (
	WithEnvelope Columns = 1 << iota
	WithBodyStructure
	WithHeader // Prefix and the usual fields
	WithPreview
	WithParts // the part tree; implies what Body needs
	WithSaved // SAVEDATE
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
	Header                  []byte // the usual fields of Prefix and body (message.IsUsualField)
	Preview                 string
	Parts                   *message.Part
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
	b := &batch{columns: cols, query: rowsQuery(cols)}
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

// rowsQuery is the query for some columns, up to the condition on uids.
func rowsQuery(cols Columns) string {
	query := `SELECT e.uid, e.saved_at, m.id, CASE m.thread WHEN 0 THEN m.id ELSE m.thread END, m.size, m.received_at, m.received_zone`
	for _, c := range columnNames {
		if cols&c.column != 0 {
			query += c.sql
		}
	}
	return query + ` FROM entry AS e CROSS JOIN message AS m ON m.id = e.message WHERE e.mailbox = ? AND `
}

var columnNames = [...]struct {
	column Columns
	sql    string
}{
	{WithEnvelope, `, m.envelope`},
	{WithBodyStructure, `, m.bodystructure`},
	{WithHeader, `, m.prefix, m.header`},
	{WithPreview, `, m.preview`},
	{WithParts, `, m.parts`},
}

// A batch is what one reading transaction yields. Its memory is used again.
type batch struct {
	columns Columns
	query   string
	rows    []Row
	parts   [][]byte // encoded, by row
	bytes   []byte   // what rows and parts point into
	zone    *time.Location
	minutes int
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
	var uid, saved, id, received int64
	var minutes int
	var row Row
	var envelope, structure, prefix, header, preview, parts sql.RawBytes
	dest := append(make([]any, 0, 16), &uid, &saved, &id, &row.Thread, &row.Size, &received, &minutes)
	for _, c := range [...]struct {
		column Columns
		dest   []any
	}{
		{WithEnvelope, []any{&envelope}},
		{WithBodyStructure, []any{&structure}},
		{WithHeader, []any{&prefix, &header}},
		{WithPreview, []any{&preview}},
		{WithParts, []any{&parts}},
	} {
		if b.columns&c.column != 0 {
			dest = append(dest, c.dest...)
		}
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	row.UID, row.Message = imap.UID(uid), MessageID(id)
	row.Received = time.Unix(received, 0).In(b.location(minutes))
	row.Saved = time.Unix(saved, 0)
	row.Envelope, row.BodyStructure = b.keep(envelope), b.keep(structure)
	row.Prefix, row.Header = b.keep(prefix), b.keep(header)
	row.Preview = string(preview)
	b.rows = append(b.rows, row)
	b.parts = append(b.parts, b.keep(parts))
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

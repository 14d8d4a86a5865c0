package store

import (
	"context"
	"database/sql/driver"
	"errors"
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

	// Bare leaves Size, Received and Thread out: for thousands of rows of which
	// nothing is asked but what is named above.
	Bare
)

// A Row is one message as FETCH and SEARCH need it. Message is always there;
// Size, Received and Thread unless the columns are Bare.
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
// fn may write to a slow socket. A Row is valid within fn only, what it points
// to longer. fn's error ends it and is returned.
func (s *Store) Rows(ctx context.Context, m MailboxID, uids imap.UIDSet, cols Columns, fn func(*Row) error) error {
	b := newBatch(cols)
	walk := &cursor{rest: ranges(uids, maxUID)}
	for len(walk.rest) > 0 {
		if err := s.readBatch(ctx, b, m, walk); err != nil {
			return err
		}
		if err := b.each(fn); err != nil {
			return err
		}
	}
	return nil
}

// readBatch takes the next messages of a walk in a transaction of its own.
func (s *Store) readBatch(ctx context.Context, b *batch, m MailboxID, walk *cursor) error {
	err := s.db.Read(ctx, func(c *database.Conn) error { return b.read(c, m, walk) })
	if err != nil {
		return fmt.Errorf("read messages of mailbox %d: %w", m, err)
	}
	return nil
}

// each calls fn with each row.
func (b *batch) each(fn func(*Row) error) (err error) {
	for i := range b.rows {
		row := &b.rows[i]
		if row.Parts, err = decodeParts(b.parts[i]); err != nil {
			return fmt.Errorf("message %d: %w", row.Message, err)
		}
		if err := fn(row); err != nil {
			return err
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
	query   string                     // up to the condition on uids
	columns []func(*Row, driver.Value) // what becomes of each value of the query
	rows    []Row
	parts   [][]byte // encoded, by row
	bytes   int      // that rows and parts point to
	zone    *time.Location
	minutes int
}

func newBatch(cols Columns) *batch {
	b := &batch{}
	query, from := `SELECT e.uid, m.id`, ` FROM entry AS e CROSS JOIN message AS m ON m.id = e.message`
	b.columns = append(b.columns,
		func(r *Row, v driver.Value) { r.UID = imap.UID(integer(v)) },
		func(r *Row, v driver.Value) { r.Message = MessageID(integer(v)) })
	want := func(wanted bool, columns string, put ...func(*Row, driver.Value)) {
		if wanted {
			query += columns
			b.columns = append(b.columns, put...)
		}
	}
	want(cols&Bare == 0, `, m.thread, m.size, m.received_at, m.received_zone`,
		func(r *Row, v driver.Value) { r.Thread = integer(v) },
		func(r *Row, v driver.Value) { r.Size = integer(v) },
		func(r *Row, v driver.Value) { r.Received = time.Unix(integer(v), 0) },
		func(r *Row, v driver.Value) { r.Received = r.Received.In(b.location(int(integer(v)))) })
	want(cols&WithSaved != 0, `, e.saved_at`, func(r *Row, v driver.Value) { r.Saved = time.Unix(integer(v), 0) })
	want(cols&WithEnvelope != 0, `, m.envelope`, func(r *Row, v driver.Value) { r.Envelope = b.blob(v) })
	want(cols&WithBodyStructure != 0, `, m.bodystructure`, func(r *Row, v driver.Value) { r.BodyStructure = b.blob(v) })
	want(cols&(WithHeader|WithBody) != 0, `, m.prefix`, func(r *Row, v driver.Value) { r.Prefix = b.blob(v) })
	want(cols&WithHeader != 0, `, m.header`, func(r *Row, v driver.Value) { r.Header = b.blob(v) })
	want(cols&WithPreview != 0, `, m.preview`, func(r *Row, v driver.Value) { r.Preview, _ = v.(string) })
	want(cols&WithParts != 0, `, m.parts`, func(r *Row, v driver.Value) { b.parts[len(b.rows)-1] = b.blob(v) })
	want(cols&WithBody != 0, `, b.hash, b.pack, b.offset, b.length`,
		func(r *Row, v driver.Value) { copy(r.hash[:], b.blob(v)) },
		func(r *Row, v driver.Value) { r.at.Pack = uint32(integer(v)) },
		func(r *Row, v driver.Value) { r.at.Offset = integer(v) },
		func(r *Row, v driver.Value) { r.at.Length = integer(v) })
	if cols&WithBody != 0 {
		from += ` CROSS JOIN blob AS b ON b.id = m.blob`
	}
	b.query = query + from + ` WHERE e.mailbox = ? AND `
	return b
}

// read takes the next messages of a walk.
func (b *batch) read(q querier, m MailboxID, walk *cursor) error {
	clear(b.rows)
	clear(b.parts)
	b.rows, b.parts, b.bytes = b.rows[:0], b.parts[:0], 0
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

func (b *batch) full() bool { return len(b.rows) >= batchRows || b.bytes >= batchBytes }

// errFull ends a query whose rows the batch has no room for.
var errFull = errors.New("batch is full")

func (b *batch) readPiece(q querier, m MailboxID, walk *cursor, p piece) error {
	where, args := p.where()
	err := q.Each(func(values []driver.Value) error {
		b.add(values)
		if b.full() {
			walk.resume(b.rows[len(b.rows)-1].UID)
			return errFull
		}
		return nil
	}, b.query+where+` ORDER BY e.uid LIMIT ?`,
		append(append([]any{int64(m)}, args...), batchRows-len(b.rows))...)
	if errors.Is(err, errFull) {
		return nil
	}
	return err
}

// add makes a row of the values of one.
func (b *batch) add(values []driver.Value) {
	b.rows = append(b.rows, Row{})
	b.parts = append(b.parts, nil)
	row := &b.rows[len(b.rows)-1]
	for i, v := range values {
		b.columns[i](row, v)
	}
	if row.Thread == 0 {
		row.Thread = int64(row.Message) // it began its thread
	}
}

// blob takes bytes, which the driver has made for us, and counts them. Of empty
// ones the driver makes nil, which would mean that nobody asked.
func (b *batch) blob(v driver.Value) []byte {
	bytes, _ := v.([]byte)
	if bytes == nil {
		bytes = []byte{}
	}
	b.bytes += len(bytes)
	return bytes
}

// location returns a zone; those of neighbours are mostly the same.
func (b *batch) location(minutes int) *time.Location {
	if b.zone == nil || b.minutes != minutes {
		b.zone, b.minutes = time.FixedZone("", minutes*60), minutes
	}
	return b.zone
}

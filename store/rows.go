package store

import (
	"context"
	"io"
	"time"

	"github.com/emersion/go-imap/v2"
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

// Rows calls fn for each of the uids that exists, ascending. It reads in
// batches, bounded in rows and bytes, and holds no transaction while fn runs:
// fn may write to a slow socket. A Row is valid within fn only. fn's error ends
// it and is returned.
func (s *Store) Rows(ctx context.Context, m MailboxID, uids imap.UIDSet, cols Columns, fn func(*Row) error) error {
	panic("stub")
}

// Body reads a message's bytes, prefix included: offset 0 is the first byte the
// client sees. PrefixLen is to be added to offsets of a message.Part.
type Body struct{}

func (s *Store) OpenBody(ctx context.Context, id MessageID) (*Body, error) { panic("stub") }
func (b *Body) Size() int64                                                { panic("stub") }
func (b *Body) PrefixLen() int64                                           { panic("stub") }
func (b *Body) ReadAt(p []byte, off int64) (int, error)                    { panic("stub") }
func (b *Body) WriteTo(w io.Writer) (int64, error)                         { panic("stub") }
func (b *Body) Close() error                                               { panic("stub") }

// A Spool takes a message on its way in: in memory while small, then in a file
// of the spool folder that has no name, so that a crash leaves nothing behind.
// Not safe for concurrent use.
type Spool struct{}

// NewSpool makes one that holds at most limit bytes; Write fails with
// ErrTooLarge beyond.
func (s *Store) NewSpool(limit int64) *Spool  { panic("stub") }
func (sp *Spool) Write(p []byte) (int, error) { panic("stub") }
func (sp *Spool) Size() int64                 { panic("stub") }

// Bytes returns the whole, mapped into memory where it is a file. It is valid
// until Close.
func (sp *Spool) Bytes() ([]byte, error) { panic("stub") }
func (sp *Spool) Close() error           { panic("stub") }

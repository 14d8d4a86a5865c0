package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
	"letterbox/store/blob"
)

// A NewMessage is to be added to a mailbox.
type NewMessage struct {
	Mailbox  MailboxID
	Raw      []byte      // without Prefix; not kept after the call
	Prefix   []byte      // header lines for this recipient, CRLF
	Flags    []imap.Flag // \Recent is ignored
	Received time.Time   // INTERNALDATE with its zone; zero: now
	By       AccountID   // whose \Seen is in Flags; 0: the owner's
	UID      imap.UID    // for what comes back from a snapshot; not below the mailbox's next counts, else the next
}

// Added says where a message went.
type Added struct {
	Mailbox     MailboxID
	UIDValidity uint32
	UID         imap.UID
	Message     MessageID
}

// A Batch is what one transaction adds: all of it or nothing.
type Batch struct {
	Messages []NewMessage
	Replaces *Replaced                                  // a message that goes in the same transaction; nil: none
	Arrives  bool                                       // it is mail from others: it has the grace above a limit
	Warns    int                                        // it warns of this percentage of a limit: no limit holds it up, and that it was said is kept; 0: it does not
	Hold     [][]byte                                   // bodies kept outside of mailboxes, for the queue: raw messages
	Also     func(tx *database.Tx, held []HeldID) error // may be nil; runs in the same transaction
}

// Replaced is a message that a batch takes the place of (RFC 8508). What it counts
// for is free for the batch. It cannot be brought back: what was in it has come
// to be something else.
type Replaced struct {
	Mailbox MailboxID
	UID     imap.UID
}

// errBodyMoved says that a body is no longer where it was when the transaction
// was prepared: swept, moved by compaction, or put by somebody else.
var errBodyMoved = errors.New("a body of the batch changed its place")

// appendAttempts bounds how often a batch is prepared again. A body moves now
// and then, not several times in the few milliseconds of one attempt.
const appendAttempts = 10

// Append adds a batch: one delivery to many people, or one APPEND of many
// messages. Equal bodies are written once. Fails with *quota.OverError,
// ErrNotFound (mailbox gone), ErrNoMessage (what is replaced is gone),
// ErrTooManyKeywords, ErrFull; nothing is added then.
func (s *Store) Append(ctx context.Context, b Batch) ([]Added, error) {
	if err := s.Room(b.size()); err != nil {
		return nil, fmt.Errorf("append %d messages: %w", len(b.Messages), err)
	}
	b.Messages = dated(b.Messages)
	bodies := unpack(b)
	s.underway.begin(bodies)
	defer s.underway.end(bodies)
	var added []Added
	err := errBodyMoved
	for n := 0; n < appendAttempts && errors.Is(err, errBodyMoved); n++ {
		added, err = s.tryAppend(ctx, b, bodies)
	}
	if err != nil {
		return nil, fmt.Errorf("append %d messages: %w", len(b.Messages), err)
	}
	return added, nil
}

// tryAppend puts the bodies that are not kept yet, and notes about the others,
// then makes the rows. The transaction looks again: it decides.
func (s *Store) tryAppend(ctx context.Context, b Batch, bodies *bodies) ([]Added, error) {
	if err := s.prepare(ctx, b, bodies); err != nil {
		return nil, err
	}
	if err := s.keep(ctx, bodies); err != nil {
		return nil, fmt.Errorf("write bodies: %w", err)
	}
	var added []Added
	err := s.write(ctx, func(j *job) (err error) {
		added, err = s.insert(j, b, bodies)
		return err
	})
	return added, err
}

// keep makes bodies durable and parses them meanwhile: the one waits for the
// disk, the other for the processor.
func (s *Store) keep(ctx context.Context, bodies *bodies) (err error) {
	put := make(chan error, 1)
	go func() {
		locations, err := s.blobs.Put(ctx, bodies.items()...)
		for i := range locations {
			bodies.list[i].at = locations[i]
		}
		put <- err
	}()
	defer func() { err = <-put }() // after a panic too: the caller may take the bytes away then
	bodies.parse()
	return nil
}

// prepare looks up which bodies are kept already, and says in each who gets it.
func (s *Store) prepare(ctx context.Context, b Batch, bodies *bodies) error {
	boxes := map[MailboxID]mailboxRow{}
	err := s.db.Read(ctx, func(c *database.Conn) (err error) {
		for _, body := range bodies.list {
			if body.known, err = findBlob(c, body.hash); err != nil {
				return err
			}
		}
		for _, m := range b.Messages {
			if _, seen := boxes[m.Mailbox]; seen {
				continue
			}
			if boxes[m.Mailbox], err = readMailbox(c, m.Mailbox); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, body := range bodies.list {
		body.meta = body.meta[:0]
		body.moves = s.underway.moves(body.hash)
	}
	addresses := map[AccountID]string{}
	for i, m := range b.Messages {
		box := boxes[m.Mailbox]
		if _, asked := addresses[box.Account]; !asked {
			addresses[box.Account] = s.address(ctx, box.Account)
		}
		body := bodies.of[i]
		body.meta = append(body.meta, blob.Meta{
			Account:  addresses[box.Account],
			Mailbox:  box.Name,
			Received: m.Received,
			Prefix:   m.Prefix,
			Flags:    joinFlags(m.Flags),
		})
	}
	return nil
}

// size is what the batch takes on the disk at most.
func (b *Batch) size() (n int64) {
	for _, m := range b.Messages {
		n += int64(len(m.Raw) + len(m.Prefix))
	}
	for _, raw := range b.Hold {
		n += int64(len(raw))
	}
	return n
}

// dated gives those a date that have none: one for the record and the row.
func dated(messages []NewMessage) []NewMessage {
	dated := slices.Clone(messages)
	for i := range dated {
		if dated[i].Received.IsZero() {
			dated[i].Received = time.Now()
		}
	}
	return dated
}

func joinFlags(flags []imap.Flag) string {
	names := make([]string, len(flags))
	for i, f := range flags {
		names[i] = string(f)
	}
	return strings.Join(names, " ")
}

// insert makes the rows of a batch.
func (s *Store) insert(j *job, b Batch, bodies *bodies) ([]Added, error) {
	j.arrives, j.warns = b.Arrives, b.Warns
	if b.Arrives {
		j.grace = s.grace
	}
	for _, body := range bodies.list {
		if err := s.insertBody(j.tx, body); err != nil {
			return nil, err
		}
	}
	if b.Replaces != nil {
		if err := j.replace(*b.Replaces); err != nil {
			return nil, err
		}
	}
	added := make([]Added, 0, len(b.Messages))
	for i := range b.Messages {
		a, err := j.add(&b.Messages[i], bodies.of[i])
		if err != nil {
			return nil, err
		}
		added = append(added, a)
	}
	held := make([]HeldID, 0, len(b.Hold))
	for i := range b.Hold {
		id, err := hold(j.tx, bodies.held[i])
		if err != nil {
			return nil, err
		}
		held = append(held, id)
	}
	if b.Also != nil {
		return added, b.Also(j.tx, held)
	}
	return added, nil
}

// replace takes out the message that others take the place of.
func (j *job) replace(r Replaced) error {
	c, err := j.change(r.Mailbox)
	if err != nil {
		return err
	}
	uids := imap.UIDSetNum(r.UID)
	rows, err := j.take(r.Mailbox, &cursor{rest: ranges(uids, maxUID)})
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return ErrNoMessage
	}
	return j.drop(c, rows, uids)
}

// add gives one message its place in a mailbox.
func (j *job) add(m *NewMessage, body *body) (Added, error) {
	c, err := j.change(m.Mailbox)
	if err != nil {
		return Added{}, err
	}
	a, err := j.account(c.Account)
	if err != nil {
		return Added{}, err
	}
	size := int64(len(m.Prefix) + len(m.Raw))
	if j.warns > 0 {
		a.limit = quota.Limit{}
	}
	if err := a.use(quota.Usage{Bytes: size, Messages: 1}); err != nil {
		return Added{}, err
	}
	flags, err := j.bits(c, m.Flags)
	if err != nil {
		return Added{}, err
	}
	id, err := j.insertMessage(c.Account, m, body, size)
	if err != nil {
		return Added{}, err
	}
	c.UIDNext = max(c.UIDNext, m.UID)
	added := Added{Mailbox: c.ID, UIDValidity: c.UIDValidity, UID: c.UIDNext, Message: id}
	if !c.readsApart(m.By) {
		return added, j.enter(c, entryRow{Entry{Flags: flags}, id, size})
	}
	if err := j.enter(c, entryRow{Entry{Flags: flags &^ Seen}, id, size}); err != nil || flags&Seen == 0 {
		return added, err
	}
	return added, j.read(c, m.By, imap.UIDSetNum(added.UID), true)
}

// enter lists a message in a mailbox under the next uid.
func (j *job) enter(c *change, e entryRow) (err error) {
	if e.ModSeq, err = j.stamp(c); err != nil {
		return err
	}
	e.UID = c.UIDNext
	c.UIDNext++
	c.count(e.Flags, e.size)
	c.added = append(c.added, e.Entry)
	return j.insertEntries(c.ID, []entryRow{e}, time.Now().Unix())
}

// insertMessage makes the cold row.
func (j *job) insertMessage(a AccountID, m *NewMessage, body *body, size int64) (MessageID, error) {
	thread, err := j.findThread(a, body.parsed)
	if err != nil {
		return 0, err
	}
	_, zone := m.Received.Zone()
	res, err := j.tx.Exec(`
		INSERT INTO message (account, blob, size, received_at, received_zone, thread,
			prefix, envelope, bodystructure, parts, header, preview)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		int64(a), body.row, size, m.Received.Unix(), zone/60, thread,
		notNil(m.Prefix), body.parsed.Envelope, body.parsed.BodyStructure, body.parts,
		usualHeader(m.Prefix, body.parsed), body.parsed.Preview)
	if err != nil {
		return 0, err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return 0, err
	}
	if thread == 0 {
		thread = id
	}
	return MessageID(id), j.joinThread(a, thread, body.parsed)
}

// notNil keeps an empty slice from becoming NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

package store

import (
	"bytes"
	"errors"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
	"letterbox/store/blob"
)

// errNoBody says that a note's body has not been met.
var errNoBody = errors.New("no record has the body")

func isCorrupt(err error) bool {
	var corrupt *blob.CorruptError
	return errors.As(err, &corrupt)
}

// read returns a record's body, parsed; of a note, the body that it is about.
func (r *rescue) read(record blob.Record) (*body, error) {
	at := record.Location
	if record.Note {
		var err error
		if at, err = r.locate(record.Hash); err != nil {
			return nil, err
		}
	}
	reader, err := r.store.blobs.Open(at, record.Hash)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var raw bytes.Buffer
	if _, err := reader.WriteTo(&raw); err != nil {
		return nil, err
	}
	b := &body{hash: record.Hash, raw: raw.Bytes(), at: at}
	b.parse()
	return b, nil
}

// locate finds a body that a record before has given, in memory or in the
// database.
func (r *rescue) locate(hash blob.Hash) (blob.Location, error) {
	if at, ok := r.spare[hash]; ok {
		return at, nil
	}
	for _, m := range r.batch {
		if m.body.hash == hash {
			return m.body.at, nil
		}
	}
	var at blob.Location
	err := r.store.db.Read(r.ctx, func(c *database.Conn) (err error) {
		at, err = scanLocation(c.QueryRow(`SELECT pack, offset, length FROM blob WHERE hash = ?`, hash[:]))
		return found(err, errNoBody)
	})
	return at, err
}

// adopt makes or finds the row of a body that lies in a pack, and counts one
// reference.
func (j *job) adopt(b *body) (err error) {
	if b.row, err = findBlob(j.tx, b.hash); err != nil {
		return err
	}
	b.refs = 1
	if b.row != 0 {
		return b.refer(j.tx)
	}
	return b.insert(j.tx)
}

// ensureMailbox finds a folder or makes it, subscribed. A name that is not
// allowed means INBOX: better there than lost.
func (j *job) ensureMailbox(a AccountID, name string) (*change, error) {
	stored, err := ValidName(name)
	if err != nil {
		stored = inbox
	}
	row, err := findMailbox(j.tx, a, stored)
	if err == nil {
		return j.change(row.ID)
	}
	if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if err := j.createParents(a, stored); err != nil {
		return nil, err
	}
	if err := j.subscribe(a, stored); err != nil {
		return nil, err
	}
	return j.create(a, stored, "")
}

// affordable leaves out the keywords that the mailbox has no room for.
func (j *job) affordable(c *change, flags []imap.Flag) []imap.Flag {
	if _, err := j.bits(c, flags); !errors.Is(err, ErrTooManyKeywords) {
		return flags
	}
	var some []imap.Flag
	for _, f := range flags {
		if _, err := j.bits(c, []imap.Flag{f}); err == nil {
			some = append(some, f)
		}
	}
	return some
}

// addCopy lists a message in another mailbox of its account.
func (j *job) addCopy(c *change, e entryRow, flags []imap.Flag) error {
	a, err := j.account(c.Account)
	if err != nil {
		return err
	}
	if err := a.use(quota.Usage{Bytes: e.size, Messages: 1}); err != nil {
		return err
	}
	if e.Flags, err = j.bits(c, j.affordable(c, flags)); err != nil {
		return err
	}
	_, err = j.tx.Exec(`
		INSERT INTO copies (message, extra) VALUES (?, 1) ON CONFLICT (message) DO UPDATE SET extra = extra + 1`,
		int64(e.message))
	if err != nil {
		return err
	}
	return j.enter(c, e)
}

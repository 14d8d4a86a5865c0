package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
	"letterbox/store/blob"
)

// RescueReport says what Rescue found.
type RescueReport struct {
	Records  int64 // whole records in the packs
	Restored int64 // messages added
	Present  int64 // messages that were there already
	Damaged  int64 // records whose body cannot be read
	Orphaned int64 // deliveries whose body is in no pack
	Damage   error // what Scan reports of stretches that hold no record; nil for none
}

// What one transaction of a rescue adds at most.
const (
	rescueRows  = 200
	rescueBytes = 8 << 20
)

// rescueEvery is how many records pass between two calls of progress.
const rescueEvery = 100

// Rescue rebuilds accounts from the packs alone: each recipient of each record
// gets the message in the folder of its delivery, with the date, flags and
// header lines of its delivery; where was is not nil and knows the message, in
// the folders and with the flags that it had last. Mail that was deleted and not
// yet swept comes back. accountFor finds or makes the account of an address;
// quotas do not count. What an account has already is passed over, so that it
// can be run again and against a database that knows a part. progress, if not
// nil, is called now and then with the number of records done.
//
// Damage in the packs does not stop it: all that can be read is restored.
func (s *Store) Rescue(ctx context.Context, accountFor func(address string) (AccountID, error), was *Salvaged, progress func(done int64)) (RescueReport, error) {
	r := &rescue{
		store: s, ctx: ctx, accountFor: accountFor, was: was,
		accounts: map[string]AccountID{}, present: map[fingerprint]int{}, seen: map[delivery]bool{},
		spare: map[blob.Hash]blob.Location{},
	}
	if err := r.learn(); err != nil {
		return r.report, fmt.Errorf("rescue: %w", err)
	}
	if err := r.scan(progress); err != nil {
		return r.report, fmt.Errorf("rescue: %w", err)
	}
	for _, note := range r.later {
		if err := r.restore(note, true); err != nil {
			return r.report, fmt.Errorf("rescue: %w", err)
		}
	}
	if err := r.flush(); err != nil {
		return r.report, fmt.Errorf("rescue: %w", err)
	}
	return r.report, nil
}

// scan restores from the records in the order of the packs.
func (r *rescue) scan(progress func(done int64)) error {
	var failed error
	damage := r.store.blobs.Scan(r.ctx, func(record blob.Record) error {
		r.report.Records++
		if progress != nil && r.report.Records%rescueEvery == 0 {
			progress(r.report.Records)
		}
		failed = r.restore(record, false)
		return failed
	})
	if failed = errors.Join(failed, r.ctx.Err()); failed != nil {
		return failed
	}
	r.report.Damage = damage
	return nil
}

// A fingerprint stands for a message of an account: the same body with the same
// prefix and date. Of those there may be several, in as many folders.
type fingerprint [16]byte

// fingerprintOf takes the account as its address or its id, and the date in
// seconds.
func fingerprintOf(account string, hash blob.Hash, prefix []byte, received int64) (f fingerprint) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %d ", account, received)
	h.Write(hash[:])
	h.Write(prefix)
	copy(f[:], h.Sum(nil))
	return f
}

// A delivery is one message to one folder.
type delivery struct {
	message fingerprint
	mailbox string
}

func deliveryOf(record blob.Record, m blob.Meta) delivery {
	return delivery{fingerprintOf(m.Account, record.Hash, m.Prefix, m.Received.Unix()), m.Mailbox}
}

// rescue is one run of Rescue.
type rescue struct {
	store      *Store
	ctx        context.Context
	accountFor func(address string) (AccountID, error)
	was        *Salvaged
	report     RescueReport

	accounts map[string]AccountID
	present  map[fingerprint]int         // messages that the database has, by account, body and prefix
	seen     map[delivery]bool           // by address; a record may stand in two packs
	later    []blob.Record               // notes that came before their body
	spare    map[blob.Hash]blob.Location // bodies that nobody got yet

	batch []rescued
	bytes int
}

// rescued is a message to be added.
type rescued struct {
	account AccountID
	places  []place
	body    *body
	message NewMessage // without Mailbox and Flags
}

// A place is a folder, by name, with the flags of a message in it.
type place struct {
	mailbox string
	flags   []imap.Flag
}

// learn reads what the database has.
func (r *rescue) learn() error {
	return r.store.db.Read(r.ctx, func(c *database.Conn) error {
		rows, err := c.Query(`
			SELECT m.account, m.prefix, m.received_at, b.hash FROM message AS m JOIN blob AS b ON b.id = m.blob`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var account, received int64
			var prefix, hash []byte
			if err := rows.Scan(&account, &prefix, &received, &hash); err != nil {
				return err
			}
			r.present[fingerprintOf(strconv.FormatInt(account, 10), blob.Hash(hash), prefix, received)]++
		}
		return rows.Err()
	})
}

// restore gives a record's body to its recipients. last says that no body will
// come any more.
func (r *rescue) restore(record blob.Record, last bool) error {
	if !record.Note && len(record.Meta) == 0 {
		r.spare[record.Hash] = record.Location // held for the queue; a note may come
	}
	metas, err := r.missing(record)
	if err != nil || len(metas) == 0 {
		return err
	}
	b, err := r.read(record)
	switch {
	case errors.Is(err, errNoBody) && !last:
		r.forget(record, metas)
		r.later = append(r.later, record)
		return nil
	case errors.Is(err, errNoBody):
		r.report.Orphaned += int64(len(metas))
		return nil
	case isCorrupt(err):
		// Another pack may have the record too.
		r.forget(record, metas)
		r.report.Damaged++
		return nil
	case err != nil:
		return err
	}
	for _, m := range metas {
		r.add(b, m)
	}
	if len(r.batch) >= rescueRows || r.bytes >= rescueBytes {
		return r.flush()
	}
	return nil
}

// missing returns the deliveries of a record that the database does not have.
func (r *rescue) missing(record blob.Record) (metas []blob.Meta, err error) {
	for _, m := range record.Meta {
		id, err := r.account(m.Account)
		if err != nil {
			return nil, err
		}
		delivery := deliveryOf(record, m)
		if r.seen[delivery] {
			continue
		}
		r.seen[delivery] = true
		message := fingerprintOf(strconv.FormatInt(int64(id), 10), record.Hash, m.Prefix, m.Received.Unix())
		if r.present[message] > 0 {
			r.present[message]--
			r.report.Present++
			continue
		}
		metas = append(metas, m)
	}
	return metas, nil
}

// forget undoes missing for deliveries that are to be met again.
func (r *rescue) forget(record blob.Record, metas []blob.Meta) {
	for _, m := range metas {
		delete(r.seen, deliveryOf(record, m))
	}
}

func (r *rescue) account(address string) (AccountID, error) {
	if id, ok := r.accounts[address]; ok {
		return id, nil
	}
	id, err := r.accountFor(address)
	if err != nil {
		return 0, fmt.Errorf("account of %q: %w", address, err)
	}
	if err := r.store.EnsureAccount(r.ctx, id); err != nil {
		return 0, err
	}
	r.accounts[address] = id
	return id, nil
}

// add puts one delivery into the batch.
func (r *rescue) add(b *body, m blob.Meta) {
	places := r.was.take(fingerprintOf(m.Account, b.hash, m.Prefix, m.Received.Unix()))
	if len(places) == 0 {
		places = []place{{m.Mailbox, splitFlags(m.Flags)}}
	}
	r.batch = append(r.batch, rescued{
		account: r.accounts[m.Account],
		places:  places,
		body:    b,
		message: NewMessage{Raw: b.raw, Prefix: m.Prefix, Received: m.Received},
	})
	r.bytes += len(b.raw)
}

func splitFlags(text string) []imap.Flag {
	var flags []imap.Flag
	for _, name := range strings.Fields(text) {
		flags = append(flags, imap.Flag(name))
	}
	return flags
}

// flush adds the batch in one transaction.
func (r *rescue) flush() error {
	if len(r.batch) == 0 {
		return nil
	}
	err := r.store.write(r.ctx, func(j *job) error {
		for i := range r.batch {
			if err := j.restore(&r.batch[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.report.Restored += int64(len(r.batch))
	r.batch, r.bytes = r.batch[:0], 0
	return nil
}

// restore makes the rows of one message. One that stood in several folders gets
// copies there, as it had.
func (j *job) restore(m *rescued) error {
	a, err := j.account(m.account)
	if err != nil {
		return err
	}
	a.limit, a.total = quota.Limit{}, quota.Limit{} // in this transaction only
	if err := j.adopt(m.body); err != nil {
		return err
	}
	var first entryRow
	for i, p := range m.places {
		c, err := j.ensureMailbox(m.account, p.mailbox)
		if err != nil {
			return err
		}
		if i == 0 {
			m.message.Mailbox = c.ID
			m.message.Flags = j.affordable(c, p.flags)
			added, err := j.add(&m.message, m.body)
			if err != nil {
				return err
			}
			first = entryRow{Entry{UID: added.UID}, added.Message, int64(len(m.message.Prefix) + len(m.message.Raw))}
			continue
		}
		if err := j.addCopy(c, first, p.flags); err != nil {
			return err
		}
	}
	return nil
}

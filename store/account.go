package store

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// account is a row of the table in one transaction.
type account struct {
	id          AccountID
	modseq      ModSeq
	uidvalidity uint32
	usage       quota.Usage
	before      quota.Usage // this transaction
	limit       quota.Limit // its own, or what its domain gives each
	grace       quota.Grace // of this transaction
	domain      int64
	total       quota.Limit // of all accounts of the domain
	warned      int         // percent of the limit that the owner was told of
	fullSince   int64       // mail is refused since then; 0: it is not
	stamped     bool        // modseq is this transaction's
	dirty       bool
}

// account returns the account in this transaction; ErrNoAccount.
func (j *job) account(id AccountID) (*account, error) {
	if a := j.accounts[id]; a != nil {
		return a, nil
	}
	a, err := readAccount(j.tx, id)
	if err != nil {
		return nil, err
	}
	a.grace = j.grace
	j.accounts[id] = a
	return a, nil
}

func readAccount(q querier, id AccountID) (*account, error) {
	a, err := scanAccount(q.QueryRow(selectAccount+`WHERE a.id = ?`, int64(id)))
	if err != nil {
		return nil, fmt.Errorf("account %d: %w", id, found(err, ErrNoAccount))
	}
	return a, nil
}

// selectAccount joins what the account's domain says: which one that is stands in
// the directory's table, and never changes.
const selectAccount = `
	SELECT a.id, a.modseq, a.uidvalidity, a.bytes, a.messages, a.mailboxes,
		a.limit_bytes, a.limit_messages, a.limit_mailboxes, a.warned, a.full_since, coalesce(d.domain, 0),
		coalesce(d.each_bytes, 0), coalesce(d.each_messages, 0), coalesce(d.each_mailboxes, 0),
		coalesce(d.total_bytes, 0), coalesce(d.total_messages, 0), coalesce(d.total_mailboxes, 0)
	FROM account AS a LEFT JOIN domain_limit AS d ON d.domain = (SELECT u.domain FROM user AS u WHERE u.id = a.id) `

func scanAccount(row scanner) (*account, error) {
	a := &account{}
	var own, each quota.Limit
	err := row.Scan(&a.id, &a.modseq, &a.uidvalidity, &a.usage.Bytes, &a.usage.Messages, &a.usage.Mailboxes,
		&own.Bytes, &own.Messages, &own.Mailboxes, &a.warned, &a.fullSince, &a.domain,
		&each.Bytes, &each.Messages, &each.Mailboxes,
		&a.total.Bytes, &a.total.Messages, &a.total.Mailboxes)
	if err != nil {
		return nil, err
	}
	a.limit = own.Or(each)
	a.before = a.usage
	return a, nil
}

// take returns the modseq of all changes of this transaction.
func (a *account) take() ModSeq {
	if !a.stamped {
		a.modseq++
		a.stamped, a.dirty = true, true
	}
	return a.modseq
}

// nextUIDValidity never repeats in an account, also not for a name that was
// deleted and made again (RFC 9051 section 2.3.1.1).
func (a *account) nextUIDValidity() uint32 {
	a.uidvalidity++
	a.dirty = true
	return a.uidvalidity
}

// use adds to the usage, or takes from it; *quota.OverError.
func (a *account) use(more quota.Usage) error {
	usage, err := a.limit.With(a.grace).Add(a.usage, more)
	if err != nil {
		return err
	}
	a.usage, a.dirty = usage, true
	return nil
}

func (a *account) save(tx *database.Tx) error {
	if !a.dirty {
		return nil
	}
	_, err := tx.Exec(`
		UPDATE account SET modseq = ?, uidvalidity = ?, bytes = ?, messages = ?, mailboxes = ?, warned = ?, full_since = ?
		WHERE id = ?`,
		int64(a.modseq), a.uidvalidity, a.usage.Bytes, a.usage.Messages, a.usage.Mailboxes, a.warned, a.fullSince, int64(a.id))
	return err
}

// usual are the folders that a new account has beside INBOX.
var usual = [...]struct {
	name string
	use  imap.MailboxAttr
}{
	{"Drafts", imap.MailboxAttrDrafts},
	{"Sent", imap.MailboxAttrSent},
	{"Junk", imap.MailboxAttrJunk},
	{"Trash", imap.MailboxAttrTrash},
	{"Archive", imap.MailboxAttrArchive},
}

// EnsureAccount makes the account's INBOX and usual folders (Drafts, Sent,
// Junk, Trash, Archive with their special uses, subscribed) if it is new.
// Cheap when it exists.
func (s *Store) EnsureAccount(ctx context.Context, id AccountID) error {
	if _, err := s.Mailbox(ctx, id, inbox); err == nil {
		return nil
	}
	return s.write(ctx, func(j *job) error {
		if err := j.ensureAccount(id); err != nil {
			return err
		}
		if _, err := findMailbox(j.tx, id, inbox); err == nil {
			return nil
		}
		if err := j.createSubscribed(id, inbox, ""); err != nil {
			return err
		}
		for _, f := range usual {
			if err := j.createSubscribed(id, f.name, f.use); err != nil {
				return err
			}
		}
		return nil
	})
}

// ensureAccount makes the account's row. UIDVALIDITY begins with the time, so
// that an account whose database was lost does not repeat one.
func (j *job) ensureAccount(id AccountID) error {
	_, err := j.tx.Exec(`
		INSERT INTO account (id, modseq, uidvalidity) VALUES (?, 1, ?) ON CONFLICT DO NOTHING`,
		int64(id), uint32(time.Now().Unix()))
	return err
}

func (j *job) createSubscribed(id AccountID, name string, use imap.MailboxAttr) error {
	if _, err := j.create(id, name, use); err != nil {
		return err
	}
	return j.subscribe(id, name)
}

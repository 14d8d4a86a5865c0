package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// A Mailbox is one row of the account's list, with its counters.
type Mailbox struct {
	ID                        MailboxID
	Account                   AccountID
	Name                      string           // NFC, '/' between levels, INBOX in capitals
	SpecialUse                imap.MailboxAttr // "" for none
	UIDValidity               uint32
	UIDNext                   imap.UID
	ModSeq                    ModSeq // highest of any change in it
	Messages, Unseen, Deleted uint32
	Bytes, DeletedBytes       int64       // of all messages, and of those with \Deleted
	AppendLimit               int64       // for one message (RFC 7889); 0: none of its own
	Limit                     quota.Limit // of its own, on bytes and messages; what of it is zero is not bounded: see SetMailboxLimit
	OwnSeen                   bool        // \Seen is the owner's alone: see SetOwnSeen
	Recent                    uint32      // messages no read-write session has been told of yet
	Subscribed                bool        // not known to View.Mailbox, as HasChildren
	HasChildren               bool
	Rights                    Rights // of the account that was asked for; not known to View.Mailbox
}

// mailboxRow is a Mailbox with what only the store needs of its row.
type mailboxRow struct {
	Mailbox
	historyFrom ModSeq   // expunges up to this one may be forgotten
	recentFrom  imap.UID // uids from here are \Recent to the next session
	flagsAt     ModSeq   // of the last change to flags of a message that was there
}

// A row whose account is NULL was deleted.
const selectMailbox = `
	SELECT id, account, name, special_use, uidvalidity, uidnext, modseq,
		messages, unseen, deleted, bytes, deleted_bytes, append_limit, limit_bytes, limit_messages, own_seen, history_from, recent_from, flags_at
	FROM mailbox `

type scanner interface{ Scan(dest ...any) error }

func scanMailbox(row scanner, more ...any) (m mailboxRow, err error) {
	err = row.Scan(append([]any{&m.ID, &m.Account, &m.Name, &m.SpecialUse, &m.UIDValidity, &m.UIDNext, &m.ModSeq,
		&m.Messages, &m.Unseen, &m.Deleted, &m.Bytes, &m.DeletedBytes, &m.AppendLimit, &m.Limit.Bytes, &m.Limit.Messages, &m.OwnSeen, &m.historyFrom, &m.recentFrom, &m.flagsAt}, more...)...)
	return m, found(err, ErrNotFound)
}

func readMailbox(q querier, id MailboxID) (mailboxRow, error) {
	return scanMailbox(q.QueryRow(selectMailbox+`WHERE id = ? AND account IS NOT NULL`, int64(id)))
}

// findMailbox finds one by its stored name; ErrNotFound.
func findMailbox(q querier, a AccountID, name string) (mailboxRow, error) {
	return scanMailbox(q.QueryRow(selectMailbox+`WHERE account = ? AND name = ?`, int64(a), name))
}

// listMailboxes is selectMailbox with the columns that only lists show. '0' is
// the character after '/': what lies between is below the name.
const listMailboxes = `
	SELECT id, account, name, special_use, uidvalidity, uidnext, modseq,
		messages, unseen, deleted, bytes, deleted_bytes, append_limit, limit_bytes, limit_messages, own_seen, history_from, recent_from, flags_at,
		EXISTS (SELECT 1 FROM subscription AS s WHERE s.account = m.account AND s.name = m.name),
		EXISTS (SELECT 1 FROM mailbox AS c
			WHERE c.account = m.account AND c.name > m.name || '/' AND c.name < m.name || '0')
	FROM mailbox AS m `

func scanListed(row scanner) (m mailboxRow, err error) {
	var subscribed, children bool
	m, err = scanMailbox(row, &subscribed, &children)
	m.Subscribed, m.HasChildren, m.Rights = subscribed, children, AllRights
	return m, err
}

// Mailboxes returns all of the account's mailboxes, sorted by name with INBOX
// first, and the subscribed names that have no mailbox.
func (s *Store) Mailboxes(ctx context.Context, a AccountID) (list []Mailbox, dangling []string, err error) {
	claimed := s.claims.all()
	err = s.db.Read(ctx, func(c *database.Conn) error {
		rows, err := queryAll(c, scanListed, listMailboxes+`WHERE account = ?`, int64(a))
		if err != nil {
			return err
		}
		for _, m := range rows {
			if m.Recent, err = countRecent(c, m, claimed[m.ID]); err != nil {
				return err
			}
			list = append(list, m.Mailbox)
		}
		dangling, err = queryAll(c, scanString, `
			SELECT name FROM subscription AS s
			WHERE account = ? AND NOT EXISTS (SELECT 1 FROM mailbox AS m WHERE m.account = s.account AND m.name = s.name)
			ORDER BY name`, int64(a))
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list mailboxes of account %d: %w", a, err)
	}
	slices.SortFunc(list, func(a, b Mailbox) int { return compareNames(a.Name, b.Name) })
	return list, dangling, nil
}

// compareNames puts INBOX first, then what is below it, and every mailbox right
// before its children.
func compareNames(a, b string) int {
	return cmp.Or(
		strings.Compare(sortKey(a), sortKey(b)),
		strings.Compare(a, b))
}

func sortKey(name string) string {
	key := strings.ReplaceAll(name, string(Delimiter), "\x01")
	if name == inbox || strings.HasPrefix(name, inbox+string(Delimiter)) {
		return "\x00" + key
	}
	return key
}

// Mailbox finds one by name (INBOX in any case), else ErrNotFound.
func (s *Store) Mailbox(ctx context.Context, a AccountID, name string) (*Mailbox, error) {
	stored, err := ValidName(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	var m mailboxRow
	claimed := s.claims.all()
	err = s.db.Read(ctx, func(c *database.Conn) (err error) {
		m, err = scanListed(c.QueryRow(listMailboxes+`WHERE account = ? AND name = ?`, int64(a), stored))
		if err != nil {
			return err
		}
		m.Recent, err = countRecent(c, m, claimed[m.ID])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("mailbox %q: %w", name, err)
	}
	return &m.Mailbox, nil
}

// Counters returns the rows of the mailboxes with the ids as they are now, but
// for Recent, Subscribed and HasChildren. Those that are gone are left out.
func (s *Store) Counters(ctx context.Context, ids []MailboxID) (list []Mailbox, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		list = list[:0]
		for _, id := range ids {
			row, err := readMailbox(c, id)
			switch {
			case err == nil:
				list = append(list, row.Mailbox)
			case !errors.Is(err, ErrNotFound):
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %d mailboxes: %w", len(ids), err)
	}
	return list, nil
}

// queryAll runs a query and scans every row.
func queryAll[T any](q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func scanString(row scanner) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}

package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// A RemovedMessage was expunged, or went with its mailbox, and can be brought
// back.
type RemovedMessage struct {
	ID       int64
	Mailbox  string // its name then
	Message  MessageID
	Size     int64
	Received time.Time // INTERNALDATE, in UTC
	Removed  time.Time
	Header   []byte // the usual fields, empty where the body has to be asked
}

// keepRemoved makes the entries with the uids, which are about to go, messages
// that can be brought back; those of a mailbox whose account keeps none settle.
func (j *job) keepRemoved(a AccountID, m MailboxID, name string, uids imap.UIDSet) error {
	if j.store.undelete <= 0 {
		return j.settleLater(m, uids)
	}
	return j.eachPiece(m, uids, `
		INSERT INTO removed (account, mailbox, message, flags, keywords, removed_at)
		SELECT ?, ?, message, flags & ?,
			CASE WHEN flags & ? = 0 THEN '' ELSE coalesce((
				SELECT group_concat(k.name, ' ') FROM keyword AS k
				WHERE k.mailbox = entry.mailbox AND entry.flags & (1 << k.bit) <> 0), '') END,
			?
		FROM entry`, ` ORDER BY uid`,
		int64(a), name, int64(systemFlags&^Deleted), ^int64(systemFlags), time.Now().Unix())
}

// Removed lists what an account can bring back, the latest first: of one mailbox
// unless mailbox is "", below the id before unless that is 0, at most limit.
func (s *Store) Removed(ctx context.Context, a AccountID, mailbox string, before int64, limit int) (list []RemovedMessage, err error) {
	query := `
		SELECT r.id, r.mailbox, r.message, m.size, m.received_at, r.removed_at, m.header
		FROM removed AS r JOIN message AS m ON m.id = r.message WHERE r.account = ?`
	args := []any{int64(a)}
	if mailbox != "" {
		query, args = query+` AND r.mailbox = ?`, append(args, mailbox)
	}
	if before != 0 {
		query, args = query+` AND r.id < ?`, append(args, before)
	}
	err = s.db.Read(ctx, func(c *database.Conn) error {
		list, err = queryAll(c, scanRemoved, query+` ORDER BY r.id DESC LIMIT ?`, append(args, limit)...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list removed messages: %w", err)
	}
	return list, nil
}

func scanRemoved(row scanner) (r RemovedMessage, err error) {
	var message, received, removed int64
	err = row.Scan(&r.ID, &r.Mailbox, &message, &r.Size, &received, &removed, &r.Header)
	r.Message = MessageID(message)
	r.Received, r.Removed = time.Unix(received, 0).UTC(), time.Unix(removed, 0)
	return r, err
}

// Restored says what Restore brought back.
type Restored struct {
	Messages  int
	Mailboxes []string // where they went, each once
}

// restoreRows is how many messages one transaction brings back: each is a search
// for its mailbox and a row of its own.
const restoreRows = 500

// Restore brings messages back: those with the ids, or all of the account when
// ids is nil. They go into the mailbox that they were in, which is made again if
// need be, under new uids, with their flags and dates. It runs in chunks; after
// an error (*quota.OverError) the result tells what was done. Ids that are not
// there any more are passed over.
func (s *Store) Restore(ctx context.Context, a AccountID, ids []int64) (Restored, error) {
	var result Restored
	if ids == nil {
		err := s.db.Read(ctx, func(c *database.Conn) (err error) {
			ids, err = queryAll(c, scanID, `SELECT id FROM removed WHERE account = ?`, int64(a))
			return err
		})
		if err != nil {
			return result, fmt.Errorf("bring messages back: %w", err)
		}
	}
	slices.Sort(ids)
	for some := range slices.Chunk(ids, restoreRows) {
		done := result
		err := s.write(ctx, func(j *job) error {
			for _, id := range some {
				if err := j.bringBack(a, id, &done); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return result, fmt.Errorf("bring messages back: %w", err)
		}
		result = done
	}
	return result, nil
}

// bringBack brings one message back.
func (j *job) bringBack(a AccountID, id int64, done *Restored) error {
	rows, err := queryAll(j.tx, scanKept, `
		SELECT r.mailbox, r.message, r.flags, r.keywords, m.size
		FROM removed AS r JOIN message AS m ON m.id = r.message WHERE r.id = ? AND r.account = ?`, id, int64(a))
	if err != nil || len(rows) == 0 {
		return err
	}
	r := rows[0]
	c, err := j.mailboxAgain(a, r.mailbox)
	if err != nil {
		return err
	}
	owner, err := j.account(a)
	if err != nil {
		return err
	}
	if err := owner.use(quota.Usage{Bytes: r.size, Messages: 1}); err != nil {
		return err
	}
	flags, err := j.bitsThatFit(c, r.keywords)
	if err != nil {
		return err
	}
	if err := j.enter(c, entryRow{Entry{Flags: r.flags | flags}, r.message, r.size}); err != nil {
		return err
	}
	done.Messages++
	if !slices.Contains(done.Mailboxes, r.mailbox) {
		done.Mailboxes = append(slices.Clip(done.Mailboxes), r.mailbox)
	}
	_, err = j.tx.Exec(`DELETE FROM removed WHERE id = ?`, id) // the entry takes over its reference
	return err
}

// A keptRow is what brings a message back.
type keptRow struct {
	mailbox  string
	message  MessageID
	flags    Flags
	keywords []string
	size     int64
}

func scanKept(row scanner) (k keptRow, err error) {
	var message, flags int64
	var keywords string
	err = row.Scan(&k.mailbox, &message, &flags, &keywords, &k.size)
	k.message, k.flags, k.keywords = MessageID(message), Flags(flags), strings.Fields(keywords)
	return k, err
}

// mailboxAgain returns a mailbox by its name, made if it is gone.
func (j *job) mailboxAgain(a AccountID, name string) (*change, error) {
	row, err := findMailbox(j.tx, a, name)
	if err == nil {
		return j.change(row.ID)
	}
	if err != ErrNotFound {
		return nil, err
	}
	if err := j.createParents(a, name); err != nil {
		return nil, err
	}
	return j.create(a, name, "")
}

// bitsThatFit is bits, but leaves keywords behind for which there is no room.
func (j *job) bitsThatFit(c *change, keywords []string) (all Flags, err error) {
	for _, name := range keywords {
		bit, err := j.bits(c, []imap.Flag{imap.Flag(name)})
		if err != nil && err != ErrTooManyKeywords {
			return 0, err
		}
		all |= bit
	}
	return all, nil
}

// ForgetRemoved gives up for good what was removed before a time, and returns
// how many messages those were.
func (s *Store) ForgetRemoved(ctx context.Context, before time.Time) (n int, err error) {
	err = s.repeat(ctx, func(j *job) (more bool, err error) {
		some, err := j.forgetRemoved(`removed_at < ?`, before.Unix())
		n += some
		return some == chunkRows, err
	})
	if err != nil {
		return n, fmt.Errorf("forget removed messages: %w", err)
	}
	s.cleaner.wake()
	return n, nil
}

// forgetRemoved gives up a chunk of what can be brought back.
func (j *job) forgetRemoved(where string, arg any) (n int, err error) {
	chosen := ` FROM removed WHERE ` + where + ` ORDER BY id LIMIT ?`
	_, err = j.tx.Exec(`
		INSERT INTO dropped (message, entries)
		SELECT message, count(*) FROM (SELECT message`+chosen+`) WHERE true GROUP BY message
		ON CONFLICT (message) DO UPDATE SET entries = entries + excluded.entries`, arg, chunkRows)
	if err != nil {
		return 0, err
	}
	res, err := j.tx.Exec(`DELETE FROM removed WHERE id IN (SELECT id`+chosen+`)`, arg, chunkRows)
	if err != nil {
		return 0, err
	}
	gone, err := res.RowsAffected()
	return int(gone), err
}

// clearRemoved takes a chunk of what an account that is no more could have
// brought back.
func (j *job) clearRemoved() (more bool, err error) {
	gone, err := j.accountGone("removed")
	if err != nil || gone == 0 {
		return false, err
	}
	_, err = j.forgetRemoved(`account = ?`, gone)
	return true, err
}

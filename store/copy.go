package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// CopyResult is what COPYUID reports: Source and Dest pair up in ascending order.
type CopyResult struct {
	UIDValidity  uint32
	Source, Dest imap.UIDSet
}

// Copy copies messages without touching bodies, in chunks. UIDs that are gone
// are passed over. On an error nothing stays copied: *quota.OverError,
// ErrNotFound. Keywords for which the other mailbox has no room are left behind.
func (s *Store) Copy(ctx context.Context, from MailboxID, uids imap.UIDSet, to MailboxID) (CopyResult, error) {
	return s.CopyAs(ctx, 0, from, uids, to, ^Flags(0))
}

// CopyAs is Copy by somebody, with their \Seen on both sides, who may set only
// some flags in the other mailbox (RFC 4314 section 4): the others are left behind.
func (s *Store) CopyAs(ctx context.Context, by AccountID, from MailboxID, uids imap.UIDSet, to MailboxID, within Flags) (CopyResult, error) {
	result, err := s.transfer(ctx, by, from, uids, to, within, (*job).copyChunk)
	if err == nil {
		return result, nil
	}
	err = fmt.Errorf("copy from mailbox %d to %d: %w", from, to, err)
	if len(result.Dest) > 0 {
		// The caller may have gone away; the copies must go all the same.
		if _, _, undo := s.remove(context.WithoutCancel(ctx), to, result.Dest, 0, (*job).drop); undo != nil {
			err = fmt.Errorf("%w; %d messages stay copied: %w", err, len(result.Dest), undo)
		}
	}
	return CopyResult{}, err
}

// Move is Copy and expunge of the same messages in the same transaction, chunk
// by chunk; on an error the chunks that are done stay moved and are reported.
func (s *Store) Move(ctx context.Context, from MailboxID, uids imap.UIDSet, to MailboxID) (CopyResult, error) {
	return s.MoveAs(ctx, 0, from, uids, to, ^Flags(0))
}

// MoveAs is to Move what CopyAs is to Copy.
func (s *Store) MoveAs(ctx context.Context, by AccountID, from MailboxID, uids imap.UIDSet, to MailboxID, within Flags) (CopyResult, error) {
	result, err := s.transfer(ctx, by, from, uids, to, within, (*job).moveChunk)
	if len(result.Source) > 0 {
		s.cleaner.shorten(from)
	}
	if err != nil {
		return result, fmt.Errorf("move from mailbox %d to %d: %w", from, to, err)
	}
	return result, nil
}

// transfer runs do on one chunk after another. What arrives meanwhile is not
// part of it, also not when both mailboxes are the same.
func (s *Store) transfer(ctx context.Context, by AccountID, from MailboxID, uids imap.UIDSet, to MailboxID, within Flags,
	do func(j *job, f, t *change, rows []entryRow) error) (CopyResult, error) {
	var result CopyResult
	if err := s.roomFor(ctx, from, uids, to); err != nil {
		return result, err
	}
	var walk *cursor
	for walk == nil || len(walk.rest) > 0 {
		var source, dest imap.UIDSet
		err := s.write(ctx, func(j *job) error {
			f, err := j.change(from)
			if err != nil {
				return err
			}
			t, err := j.change(to)
			if err != nil {
				return err
			}
			result.UIDValidity = t.UIDValidity
			if walk == nil {
				walk = &cursor{rest: ranges(uids, f.UIDNext-1)}
			}
			rows, err := j.take(from, walk)
			if err != nil || len(rows) == 0 {
				return err
			}
			first := t.UIDNext
			source = uidsOf(rows)
			dest = imap.UIDSet{{Start: first, Stop: first + imap.UID(len(rows)) - 1}}
			t.within, f.by, t.by = within, by, by
			return do(j, f, t, rows)
		})
		if err != nil {
			return result, err
		}
		result.Source = appendSet(result.Source, source)
		result.Dest = appendSet(result.Dest, dest)
	}
	return result, nil
}

// roomFor fails with *quota.OverError when the messages are too many for another
// mailbox or account: better before the first chunk than after some have gone over.
// The transactions look again.
func (s *Store) roomFor(ctx context.Context, from MailboxID, uids imap.UIDSet, to MailboxID) error {
	return s.db.Read(ctx, func(c *database.Conn) error {
		f, err := readMailbox(c, from)
		if err != nil {
			return err
		}
		t, err := readMailbox(c, to)
		if err != nil || from == to {
			return err
		}
		a, err := readAccount(c, t.Account)
		if err != nil {
			return err
		}
		if f.Account == t.Account {
			a.limit = quota.Limit{} // what is moved is there already
		}
		if a.limit == (quota.Limit{}) && t.Limit == (quota.Limit{}) {
			return nil
		}
		more, err := usageIn(c, from, uids)
		if err != nil {
			return err
		}
		return cmp.Or(a.use(more), t.Admits(more, 0))
	})
}

// usageIn is what messages of a mailbox count for.
func usageIn(q querier, m MailboxID, uids imap.UIDSet) (u quota.Usage, err error) {
	walk := cursor{rest: ranges(uids, maxUID)}
	for {
		p, ok := walk.next(chunkRows)
		if !ok {
			return u, nil
		}
		where, args := p.where()
		var messages, bytes int64
		err := q.QueryRow(`SELECT count(*), coalesce(sum(size), 0) FROM entry WHERE mailbox = ? AND `+where,
			append([]any{int64(m)}, args...)...).Scan(&messages, &bytes)
		if err != nil {
			return u, err
		}
		u.Messages += messages
		u.Bytes += bytes
	}
}

// trashGrace lets clients without MOVE throw messages away when there is no room:
// they copy them to the trash first.
const trashGrace quota.Grace = 100

// copyChunk adds rows of one mailbox to another.
func (j *job) copyChunk(f, t *change, rows []entryRow) error {
	a, err := j.account(t.Account)
	if err != nil {
		return err
	}
	if f.Account == t.Account && t.SpecialUse == imap.MailboxAttrTrash {
		a.grace = trashGrace
	}
	if err := a.use(usageOf(rows)); err != nil {
		return err
	}
	if f.Account != t.Account {
		if rows, err = j.duplicate(rows, t.Account); err != nil {
			return err
		}
	} else {
		err := j.eachPiece(f.ID, uidsOf(rows), `INSERT INTO copies (message, extra) SELECT message, count(*) FROM entry`,
			` GROUP BY message ON CONFLICT (message) DO UPDATE SET extra = extra + excluded.extra`)
		if err != nil {
			return err
		}
	}
	return j.list(f, t, rows)
}

// moveChunk takes rows of one mailbox to another.
func (j *job) moveChunk(f, t *change, rows []entryRow) error {
	uids := uidsOf(rows)
	if f.Account != t.Account {
		if err := j.copyChunk(f, t, rows); err != nil {
			return err
		}
		return j.drop(f, rows, uids)
	}
	if err := j.list(f, t, rows); err != nil {
		return err
	}
	return j.unlist(f, rows, uids)
}

func usageOf(rows []entryRow) quota.Usage {
	u := quota.Usage{Messages: int64(len(rows))}
	for _, e := range rows {
		u.Bytes += e.size
	}
	return u
}

// list adds entries for the messages of rows, which stand in f, to t.
func (j *job) list(f, t *change, rows []entryRow) error {
	modseq, err := j.stamp(t)
	if err != nil {
		return err
	}
	if f.readsApart(f.by) {
		rows = slices.Clone(rows)
		if err := j.asRead(f, f.by, rows); err != nil {
			return err
		}
	}
	var read imap.UIDSet
	known := map[Flags]Flags{} // few combinations occur
	listed := make([]entryRow, len(rows))
	for i, e := range rows {
		flags, ok := known[e.Flags]
		if !ok {
			if flags, err = j.translate(f, t, e.Flags&t.within); err != nil {
				return err
			}
			known[e.Flags] = flags
		}
		if t.readsApart(t.by) && flags&Seen != 0 {
			flags &^= Seen
			read = appendUID(read, t.UIDNext)
		}
		listed[i] = entryRow{Entry{t.UIDNext, flags, modseq}, e.message, e.size}
		t.UIDNext++
		t.count(flags, e.size)
		t.added = append(t.added, listed[i].Entry)
	}
	if err := j.insertEntries(t.ID, listed, time.Now().Unix()); err != nil {
		return err
	}
	if err := j.signMove(f, t, rows); err != nil {
		return err
	}
	return j.read(t, t.by, read, true)
}

// duplicate makes rows of their own for messages that go to another account,
// with the same bodies.
func (j *job) duplicate(rows []entryRow, to AccountID) ([]entryRow, error) {
	made := make([]entryRow, len(rows))
	for i, e := range rows {
		_, err := j.tx.Exec(`
			UPDATE blob SET refs = refs + 1 WHERE id = (SELECT blob FROM message WHERE id = ?)`, int64(e.message))
		if err != nil {
			return nil, err
		}
		res, err := j.tx.Exec(`
			INSERT INTO message (account, blob, size, received_at, received_zone, thread,
				prefix, envelope, bodystructure, parts, header, preview)
			SELECT ?, blob, size, received_at, received_zone, CASE thread WHEN 0 THEN id ELSE thread END,
				prefix, envelope, bodystructure, parts, header, preview
			FROM message WHERE id = ?`, int64(to), int64(e.message))
		if err != nil {
			return nil, err
		}
		id, err := res.LastInsertId()
		if err != nil {
			return nil, err
		}
		made[i] = e
		made[i].message = MessageID(id)
	}
	return made, nil
}

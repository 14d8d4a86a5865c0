package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
)

// A Sign is something that somebody did with a message by which they said whether
// it is junk: moved it into Junk or out again, marked it ($Junk, $NotJunk), or
// answered it. It is written in the transaction of the change itself, and waits
// for whoever learns from it: nothing that somebody said is lost, whenever the
// process ends.
type Sign struct {
	Account AccountID
	Message MessageID
	Junk    bool
	At      time.Time
}

// Keywords by which clients say it: those that are registered, and Thunderbird's.
var (
	junkWords   = []imap.Flag{"$Junk", "Junk"}
	wantedWords = []imap.Flag{"$NotJunk", "NonJunk", "NotJunk"}
)

// signMove takes a sign from where messages go. What goes from Junk to the trash
// says nothing: that is how junk is thrown away.
func (j *job) signMove(f, t *change, rows []entryRow) error {
	junk, was := t.SpecialUse == imap.MailboxAttrJunk, f.SpecialUse == imap.MailboxAttrJunk
	if junk == was || t.SpecialUse == imap.MailboxAttrTrash {
		return nil
	}
	ids := make([]MessageID, len(rows))
	for i, e := range rows {
		ids[i] = e.message
	}
	return j.sign(t.Account, ids, junk)
}

// A signal is flags that a message has now and had not before.
type signal struct {
	message MessageID
	flags   Flags
}

// mostAnswered is how many messages somebody may have answered at once. Beyond
// that a program carries flags over from elsewhere, and says nothing of each.
const mostAnswered = 20

// signFlags takes signs from flags. What somebody wrote themselves says nothing.
func (j *job) signFlags(c *change, added []signal) error {
	if c.SpecialUse == imap.MailboxAttrSent || c.SpecialUse == imap.MailboxAttrDrafts {
		return nil
	}
	words, err := j.vocabulary(c)
	if err != nil {
		return err
	}
	known := func(names []imap.Flag) (f Flags) {
		for _, name := range names {
			f |= words.bit(name)
		}
		return f
	}
	isJunk, isWanted := known(junkWords), known(wantedWords)
	if len(added) <= mostAnswered {
		isWanted |= Answered
	}
	var junk, wanted []MessageID
	for _, s := range added {
		switch {
		case s.flags&isJunk != 0:
			junk = append(junk, s.message)
		case s.flags&isWanted != 0:
			wanted = append(wanted, s.message)
		}
	}
	if err := j.sign(c.Account, junk, true); err != nil {
		return err
	}
	return j.sign(c.Account, wanted, false)
}

// sign writes signs down; a later one counts instead of an earlier one.
func (j *job) sign(a AccountID, ids []MessageID, junk bool) error {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	_, err = j.tx.Exec(`
		INSERT INTO sign (account, message, junk, at) SELECT ?, value, ?, ? FROM json_each(?) WHERE true
		ON CONFLICT (account, message) DO UPDATE SET junk = excluded.junk, at = excluded.at`,
		int64(a), junk, time.Now().UnixNano(), string(list))
	if err != nil {
		return fmt.Errorf("keep what was said about junk: %w", err)
	}
	j.tx.AfterCommit(func() {
		select {
		case j.store.signed <- struct{}{}:
		default:
		}
	})
	return nil
}

// Signed tells of new signs: after each commit with some, at once or together.
func (s *Store) Signed() <-chan struct{} { return s.signed }

// Sign notes what somebody said of messages in other ways.
func (s *Store) Sign(ctx context.Context, a AccountID, ids []MessageID, junk bool) error {
	return s.write(ctx, func(j *job) error { return j.sign(a, ids, junk) })
}

// Signs returns the oldest signs that wait.
func (s *Store) Signs(ctx context.Context, limit int) (list []Sign, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		list, err = queryAll(c, scanSign, `SELECT account, message, junk, at FROM sign ORDER BY at LIMIT ?`, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for what was said about junk: %w", err)
	}
	return list, nil
}

func scanSign(row scanner) (sign Sign, err error) {
	var at int64
	err = row.Scan(&sign.Account, &sign.Message, &sign.Junk, &at)
	sign.At = time.Unix(0, at)
	return sign, err
}

// Heed strikes a sign out, in the transaction that keeps what was learned from it.
// One that came later for the same message stays.
func (s *Store) Heed(tx *database.Tx, sign Sign) error {
	_, err := tx.Exec(`DELETE FROM sign WHERE account = ? AND message = ? AND at = ?`,
		int64(sign.Account), int64(sign.Message), sign.At.UnixNano())
	if err != nil {
		return fmt.Errorf("strike out a sign: %w", err)
	}
	return nil
}

// TrimSigns keeps the latest signs of each account.
func (s *Store) TrimSigns(ctx context.Context, keep int) error {
	err := s.repeat(ctx, func(j *job) (bool, error) {
		res, err := j.tx.Exec(`
			DELETE FROM sign WHERE (account, message) IN (SELECT account, message FROM (
				SELECT account, message, row_number() OVER (PARTITION BY account ORDER BY at DESC, message) AS place FROM sign)
				WHERE place > ? LIMIT ?)`, keep, chunkRows)
		if err != nil {
			return false, err
		}
		n, err := res.RowsAffected()
		return n == chunkRows, err
	})
	if err != nil {
		return fmt.Errorf("trim what was said about junk: %w", err)
	}
	return nil
}

// ReadAndKept returns messages that somebody has read and left where they were, or
// filed, the latest first: those below before, at most limit. Nothing in Junk, in
// the trash, or of their own hand is among them.
func (s *Store) ReadAndKept(ctx context.Context, a AccountID, before MessageID, since time.Time, limit int) (ids []MessageID, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		list, err := queryAll(c, scanID, `
			SELECT DISTINCT e.message FROM mailbox AS b JOIN entry AS e ON e.mailbox = b.id
			WHERE b.account = ? AND b.special_use NOT IN (?, ?, ?, ?) AND e.flags & ? <> 0 AND e.saved_at < ? AND e.message < ?
			ORDER BY e.message DESC LIMIT ?`,
			int64(a), string(imap.MailboxAttrJunk), string(imap.MailboxAttrTrash), string(imap.MailboxAttrSent), string(imap.MailboxAttrDrafts),
			int64(Seen), since.Unix(), int64(before), limit)
		for _, id := range list {
			ids = append(ids, MessageID(id))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for mail that was read and kept: %w", err)
	}
	return ids, nil
}

package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
)

// RetentionEntry is the annotation (RFC 5464) by which the owner of a mailbox says
// for how many days messages stay in it, or "never" for as long as they like.
const RetentionEntry = "/private/vendor/letterbox/retention"

// KeepForever is the value of RetentionEntry with which nothing goes by itself.
const KeepForever = "never"

// MaxRetention is the longest time, in days.
const MaxRetention = 36500

// ErrBadRetention says that a value is none of RetentionEntry.
var ErrBadRetention = errors.New("retention is a number of days from 1 to 36500, or never")

// checkRetention looks at a value before it is kept.
func checkRetention(value []byte) error {
	if value == nil || string(value) == KeepForever {
		return nil
	}
	if n, err := strconv.Atoi(string(value)); err != nil || n < 1 || n > MaxRetention || value[0] == '+' {
		return ErrBadRetention
	}
	return nil
}

// A Retention says what goes by itself from a mailbox. What is flagged stays.
type Retention struct {
	Mailbox Mailbox
	Days    int         // that a message stays, from when it came into this mailbox; 0: for ever
	Own     bool        // the owner has said so; else it is the appliance's default
	Due     quota.Usage // what is older than that
	Next    time.Time   // when the oldest is, or was; zero when nothing is there
	Told    time.Time   // when the owner was told of this rule; zero: not yet
}

// Retentions lists the rules of an account's mailboxes. defaults are days by
// special use.
func (s *Store) Retentions(ctx context.Context, a AccountID, defaults map[imap.MailboxAttr]int, now time.Time) (all []Retention, err error) {
	boxes, _, err := s.Mailboxes(ctx, a)
	if err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(c *database.Conn) error {
		all = all[:0]
		for _, m := range boxes {
			r := Retention{Mailbox: m, Days: defaults[m.SpecialUse]}
			if err := r.read(c, a, now); err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read retention of account %d: %w", a, err)
	}
	return all, nil
}

// read looks up what the owner has said, and what comes of it.
func (r *Retention) read(q querier, owner AccountID, now time.Time) error {
	values, err := queryAll(q, scanValue, `SELECT value FROM metadata WHERE mailbox = ? AND account = ? AND name = ?`,
		int64(r.Mailbox.ID), int64(owner), RetentionEntry)
	if err != nil {
		return err
	}
	if len(values) > 0 {
		r.Own = true
		r.Days, _ = strconv.Atoi(string(bytes.TrimSpace(values[0]))) // of "never", 0
	}
	return r.foresee(q, now)
}

// TryRetention says what would go from a mailbox if messages stayed for so many
// days; nothing is changed.
func (s *Store) TryRetention(ctx context.Context, m Mailbox, days int, now time.Time) (Retention, error) {
	r := Retention{Mailbox: m, Days: days, Own: true}
	err := s.db.Read(ctx, func(c *database.Conn) error { return r.foresee(c, now) })
	if err != nil {
		return r, fmt.Errorf("what would go from mailbox %d: %w", m.ID, err)
	}
	return r, nil
}

// foresee looks up what is due and what was told.
func (r *Retention) foresee(q querier, now time.Time) error {
	if r.Days == 0 {
		return nil
	}
	var oldest int64
	err := q.QueryRow(`
		SELECT coalesce(sum(saved_at < ?1), 0), coalesce(sum(CASE WHEN saved_at < ?1 THEN size END), 0), coalesce(min(saved_at), 0)
		FROM entry WHERE mailbox = ?2 AND flags & ?3 = 0`,
		r.cutoff(now).Unix(), int64(r.Mailbox.ID), int64(Flagged)).
		Scan(&r.Due.Messages, &r.Due.Bytes, &oldest)
	if err != nil {
		return err
	}
	if oldest > 0 {
		r.Next = time.Unix(oldest, 0).AddDate(0, 0, r.Days)
	}
	told, err := queryAll(q, scanID, `SELECT at FROM retention_told WHERE mailbox = ? AND days <= ?`, int64(r.Mailbox.ID), r.Days)
	if len(told) > 0 {
		r.Told = time.Unix(told[0], 0)
	}
	return err
}

func scanValue(row scanner) (value []byte, err error) {
	err = row.Scan(&value)
	return value, err
}

// RetentionNotice is how long what a rule would remove stays after the owner of
// the mailbox was told of the rule.
const RetentionNotice = 7 * 24 * time.Hour

// Acts is the earliest moment at which the rule removes something that is due now:
// the night after that.
func (r *Retention) Acts(now time.Time) time.Time {
	if r.Told.IsZero() {
		return now.Add(RetentionNotice)
	}
	if acts := r.Told.Add(RetentionNotice); acts.After(now) {
		return acts
	}
	return now
}

// cutoff is before which messages must have come to be due.
func (r *Retention) cutoff(now time.Time) time.Time { return now.AddDate(0, 0, -r.Days) }

// Expire expunges what is due by a rule, in chunks, and returns how much it was.
// It can be brought back as everything that is expunged.
func (s *Store) Expire(ctx context.Context, r Retention, now time.Time) (n int, err error) {
	if r.Days <= 0 {
		return 0, nil
	}
	var uids imap.UIDSet
	err = s.db.Read(ctx, func(c *database.Conn) error {
		due, err := queryAll(c, scanID, `SELECT uid FROM entry WHERE mailbox = ? AND saved_at < ? AND flags & ? = 0 ORDER BY uid`,
			int64(r.Mailbox.ID), r.cutoff(now).Unix(), int64(Flagged))
		uids = nil
		for _, uid := range due {
			uids = appendUID(uids, imap.UID(uid))
		}
		return err
	})
	if err == nil {
		var gone imap.UIDSet
		gone, _, err = s.remove(ctx, r.Mailbox.ID, uids, 0, func(j *job, c *change, rows []entryRow, _ imap.UIDSet) error {
			kept := rows[:0]
			for _, e := range rows {
				if e.Flags&Flagged == 0 { // it may have been flagged meanwhile
					kept = append(kept, e)
				}
			}
			return j.retire(c, kept, uidsOf(kept))
		})
		all, _ := gone.Nums()
		n = len(all)
	}
	if err != nil {
		return n, fmt.Errorf("expire messages of mailbox %d: %w", r.Mailbox.ID, err)
	}
	return n, nil
}

// NoteRetention keeps that the owner was told of rules.
func (s *Store) NoteRetention(ctx context.Context, told []Retention, now time.Time) error {
	return s.write(ctx, func(j *job) error {
		for _, r := range told {
			_, err := j.tx.Exec(`
				INSERT INTO retention_told (mailbox, days, at) VALUES (?, ?, ?)
				ON CONFLICT (mailbox) DO UPDATE SET days = excluded.days, at = excluded.at`,
				int64(r.Mailbox.ID), r.Days, now.Unix())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

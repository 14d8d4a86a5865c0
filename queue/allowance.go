package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterbox/database"
	"letterbox/directory"
)

// Limits on what one user sends in a day: a stolen password must not turn the
// machine into a source of spam before somebody notices.
type Limits struct {
	Messages   int // to elsewhere; 0: no limit
	Strangers  int // recipients to whom the user never wrote before; 0: no limit
	Unusual    int // strangers from which on a day is compared with the user's habit; 0: never
	HabitTimes int // so many times the most of the last 30 days is far from it
}

// DefaultLimits let an office write its newsletter, and no spammer earn a living.
func DefaultLimits() Limits {
	return Limits{Messages: 1000, Strangers: 500, Unusual: 50, HabitTimes: 5}
}

// LimitError says that a user may send no more today.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return "the limit of " + e.What + " a day is reached" }

// ErrFrozen says that a user may not send until somebody looks at it.
var ErrFrozen = errors.New("sending is frozen: far more strangers were written to than ever before; who runs this server can release it with 'letterbox queue thaw ADDRESS' after the password is changed")

// habitDays is how far a user's habit goes back.
const habitDays = 30

// spend counts a message of a user against their day, within the transaction that
// queues it. It fails with *LimitError and ErrFrozen; then nothing is queued.
func (q *Queue) spend(tx *database.Tx, m *Message, now time.Time) error {
	if m.Account == 0 || len(m.Recipients) == 0 {
		return nil
	}
	var frozen bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM frozen_sender WHERE account = ?)`, m.Account).Scan(&frozen); err != nil {
		return fmt.Errorf("look for a freeze: %w", err)
	}
	if frozen {
		return ErrFrozen
	}
	strangers := 0
	for _, r := range m.Recipients {
		isNew, err := meet(tx, m.Account, r.Address, now)
		if err != nil {
			return err
		}
		if isNew {
			strangers++
		}
	}
	day := now.Unix() / 86400
	var messages, met int
	err := tx.QueryRow(`
		INSERT INTO sent_on (account, day, messages, strangers) VALUES (?, ?, 1, ?)
		ON CONFLICT (account, day) DO UPDATE SET messages = messages + 1, strangers = strangers + excluded.strangers
		RETURNING messages, strangers`, m.Account, day, strangers).Scan(&messages, &met)
	if err != nil {
		return fmt.Errorf("count what is sent: %w", err)
	}
	switch {
	case q.Limits.Messages > 0 && messages > q.Limits.Messages:
		return &LimitError{fmt.Sprintf("%d messages", q.Limits.Messages)}
	case q.Limits.Strangers > 0 && met > q.Limits.Strangers:
		return &LimitError{fmt.Sprintf("%d recipients who were never written to before", q.Limits.Strangers)}
	}
	return q.checkHabit(tx, m.Account, day, met)
}

// meet notes that a user writes to an address, and returns whether that is new.
func meet(tx *database.Tx, account int64, address string, now time.Time) (bool, error) {
	a, err := directory.ParseAddress(address)
	if err == nil {
		address = a.String()
	}
	res, err := tx.Exec(`INSERT INTO written_to (account, address, first_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		account, address, now.Unix())
	if err != nil {
		return false, fmt.Errorf("note whom mail goes to: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// HasWrittenTo reports whether a user has sent mail to an address.
func (q *Queue) HasWrittenTo(ctx context.Context, account int64, address string) (known bool, err error) {
	if a, err := directory.ParseAddress(address); err == nil {
		address = a.String()
	}
	err = q.DB.Read(ctx, func(c *database.Conn) error {
		return c.QueryRow(`SELECT EXISTS (SELECT 1 FROM written_to WHERE account = ? AND address = ?)`, account, address).Scan(&known)
	})
	if err != nil {
		return false, fmt.Errorf("look up whom account %d wrote to: %w", account, err)
	}
	return known, nil
}

// errBurst asks for the user to be frozen, after the transaction is undone.
var errBurst = errors.New("far more strangers than ever before")

// checkHabit compares the day with those before.
func (q *Queue) checkHabit(tx *database.Tx, account, day int64, strangers int) error {
	if q.Limits.Unusual == 0 || strangers <= q.Limits.Unusual {
		return nil
	}
	var most int
	err := tx.QueryRow(`SELECT coalesce(max(strangers), 0) FROM sent_on WHERE account = ? AND day < ? AND day >= ?`,
		account, day, day-habitDays).Scan(&most)
	if err != nil {
		return fmt.Errorf("look at a habit: %w", err)
	}
	if strangers > q.Limits.HabitTimes*most {
		return errBurst
	}
	return nil
}

// freeze stops a user from sending: nothing more is taken from them, and what
// waits is held. Reading goes on. The owner is told by the audit log.
func (q *Queue) freeze(ctx context.Context, account int64, now time.Time) error {
	err := q.DB.Write(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(`INSERT INTO frozen_sender (account, at) VALUES (?, ?) ON CONFLICT DO NOTHING`, account, now.Unix()); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE outbound_recipient SET state = 'held' WHERE state = 'waiting'
			AND outbound IN (SELECT id FROM outbound WHERE account = ?)`, account)
		return err
	})
	if err != nil {
		return fmt.Errorf("freeze account %d: %w", account, err)
	}
	name := fmt.Sprint(account)
	if user, err := q.Delivery.Directory.UserByID(ctx, account); err == nil {
		name = user.Address
	}
	q.Log.WarnContext(ctx, "sending frozen", "account", name)
	return q.Delivery.Directory.Record(ctx, directory.Event{
		Action: "queue.freeze", Subject: name,
		Detail: "wrote to far more strangers than ever before; its mail is held. Change the password, look at 'letterbox queue list', then: letterbox queue thaw " + name,
	})
}

// Thaw lets a user send again. What is held stays held, for somebody to look at.
// ErrNotFound when they are not frozen.
func (q *Queue) Thaw(ctx context.Context, account int64) error {
	now := time.Now()
	err := q.DB.Write(ctx, func(tx *database.Tx) error {
		res, err := tx.Exec(`DELETE FROM frozen_sender WHERE account = ?`, account)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNotFound)
		}
		// The day that led to the freeze counts no more: it would lead there again.
		_, err = tx.Exec(`UPDATE sent_on SET strangers = 0 WHERE account = ? AND day = ?`, account, now.Unix()/86400)
		return err
	})
	if err != nil {
		return fmt.Errorf("thaw account %d: %w", account, err)
	}
	return nil
}

// Forget removes what is kept about whom a user writes to. What they have sent and
// what waits leaves all the same.
func (q *Queue) Forget(ctx context.Context, account int64) error {
	err := q.DB.Write(ctx, func(tx *database.Tx) error {
		for _, statement := range []string{
			`DELETE FROM written_to WHERE account = ?`,
			`DELETE FROM sent_on WHERE account = ?`,
			`DELETE FROM frozen_sender WHERE account = ?`,
		} {
			if _, err := tx.Exec(statement, account); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget whom account %d wrote to: %w", account, err)
	}
	return nil
}

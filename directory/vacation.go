package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"letterbox/database"
)

// A Vacation is what senders are told while a user is away (RFC 3834).
type Vacation struct {
	On      bool
	First   string // day such as 2026-12-31, by the machine's clock; "": at once
	Last    string // the last day away; "": until it is switched off
	Subject string // "": that of the message that is answered, behind "Auto:"
	Text    string
	From    string // as in a From field, an address of the user's; "": the one that was written to
	Days    int    // in which a sender is told once; 0: DefaultVacationDays
}

// DefaultVacationDays is what RFC 3834 section 2 recommends.
const DefaultVacationDays = 7

// Limits on a vacation. RFC 3834 section 6 asks for answers that are brief.
const (
	maxVacationText    = 8 << 10
	maxVacationSubject = 200
	maxVacationDays    = 90
)

// dayFormat is that of First and Last, in which earlier days sort before later ones.
const dayFormat = time.DateOnly

// Applies reports whether the user is away at the time.
func (v Vacation) Applies(now time.Time) bool {
	today := now.Format(dayFormat)
	return v.On && v.First <= today && (v.Last == "" || today <= v.Last)
}

// Over reports whether the last day has passed.
func (v Vacation) Over(now time.Time) bool { return v.Last != "" && v.Last < now.Format(dayFormat) }

// A FieldError says which field of something cannot be as it is.
type FieldError struct{ Field, Problem string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// Check fails with *FieldError, for any field but From. What is switched off may be
// unfinished.
func (v Vacation) Check() error {
	for field, day := range map[string]string{"first": v.First, "last": v.Last} {
		if _, err := time.Parse(dayFormat, day); day != "" && err != nil {
			return &FieldError{field, fmt.Sprintf("%q is no day; write for example 2026-12-31", clip(day))}
		}
	}
	switch {
	case v.Last != "" && v.Last < v.First:
		return &FieldError{"last", "it is before the first day"}
	case len(v.Subject) > maxVacationSubject || !utf8.ValidString(v.Subject) || strings.ContainsFunc(v.Subject, unicode.IsControl):
		return &FieldError{"subject", fmt.Sprintf("it has more than %d bytes, or line breaks", maxVacationSubject)}
	case len(v.Text) > maxVacationText || !utf8.ValidString(v.Text):
		return &FieldError{"text", fmt.Sprintf("it has more than %d bytes", maxVacationText)}
	case v.On && strings.TrimSpace(v.Text) == "":
		return &FieldError{"text", "it is empty"}
	case v.Days < 0 || v.Days > maxVacationDays:
		return &FieldError{"days", fmt.Sprintf("write a number of days from 1 to %d", maxVacationDays)}
	}
	return nil
}

// SetVacation says what senders are told from now on. Those who were told something
// else are told again (RFC 5230 section 4.2). *FieldError.
func (d *Directory) SetVacation(ctx context.Context, userID int64, v Vacation) error {
	if v.Days == 0 {
		v.Days = DefaultVacationDays
	}
	if err := v.Check(); err != nil {
		return err
	}
	if err := d.checkVacationFrom(ctx, userID, v.From); err != nil {
		return err
	}
	return d.db.Write(ctx, func(tx *database.Tx) error {
		user, err := userByID(tx, userID)
		if err != nil {
			return err
		}
		before, err := vacation(tx, userID)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO vacation (user, active, first_day, last_day, subject, text, sender, period)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (user) DO UPDATE SET active = ?2, first_day = ?3,
			last_day = ?4, subject = ?5, text = ?6, sender = ?7, period = ?8`,
			userID, v.On, v.First, v.Last, v.Subject, v.Text, v.From, v.Days)
		if err != nil {
			return fmt.Errorf("set the vacation of %s: %w", user.Address, err)
		}
		if !before.On || before.Text != v.Text || before.Subject != v.Subject {
			if _, err := tx.Exec(`DELETE FROM vacation_answered WHERE user = ?`, userID); err != nil {
				return fmt.Errorf("forget who was answered for %s: %w", user.Address, err)
			}
		}
		return d.audit(ctx, tx, Event{Action: "vacation.set", Subject: user.Address, Detail: v.describe()})
	})
}

// checkVacationFrom lets users speak in no name but their own.
func (d *Directory) checkVacationFrom(ctx context.Context, userID int64, from string) error {
	if from == "" {
		return nil
	}
	parsed, err := mail.ParseAddress(from)
	if err != nil {
		return &FieldError{"from", "it is no address; write for example Anna Berg <anna@example.org>"}
	}
	own, err := d.MaySendAs(ctx, userID, parsed.Address)
	if err == nil && !own {
		err = &FieldError{"from", "that address is somebody else's"}
	}
	return err
}

// describe is for the audit log: never the text.
func (v Vacation) describe() string {
	if !v.On {
		return "off"
	}
	return strings.TrimSpace(fmt.Sprintf("on %s..%s", v.First, v.Last))
}

// Vacation returns what was set for a user; the zero value, with Days, for nothing.
func (d *Directory) Vacation(ctx context.Context, userID int64) (v Vacation, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		v, err = vacation(c, userID)
		return err
	})
	return v, err
}

func vacation(q querier, userID int64) (Vacation, error) {
	v := Vacation{Days: DefaultVacationDays}
	err := q.QueryRow(`SELECT active, first_day, last_day, subject, text, sender, period FROM vacation WHERE user = ?`, userID).
		Scan(&v.On, &v.First, &v.Last, &v.Subject, &v.Text, &v.From, &v.Days)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return v, fmt.Errorf("look up the vacation of user %d: %w", userID, err)
	}
	return v, nil
}

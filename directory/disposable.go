package directory

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"time"
	"unicode"
	"unicode/utf8"

	"letterbox/database"
)

// A Disposable is an address that a user made for one purpose, such as one shop, and
// can switch off. It is made up here, and nobody else ever gets it.
type Disposable struct {
	ID      int64
	Address string
	Note    string // what for
	Off     bool   // mail to it is refused
	Created time.Time
	Used    time.Time // when somebody wrote to it last; zero for never
	UsedBy  string    // who
	Uses    int
}

// Limits on one user's.
const (
	maxDisposables   = 100  // that are on
	maxDisposableAll = 1000 // that are kept, as they are never given to anybody else
	maxNote          = 200
)

// ErrTooMany says that a user may have no more of something.
var ErrTooMany = errors.New("there are too many already")

// A SwitchedOffError is about a disposable address that takes no mail any more.
type SwitchedOffError struct{ Owner int64 } // 0: they have gone

func (e *SwitchedOffError) Error() string { return "address was switched off by its owner" }

// AddDisposable makes up an address for a user, in their domain. *FieldError for the
// note, ErrTooMany.
func (d *Directory) AddDisposable(ctx context.Context, userID int64, note string) (*Disposable, error) {
	if len(note) > maxNote || !utf8.ValidString(note) || note == "" || containsControl(note) {
		return nil, &FieldError{"note", fmt.Sprintf("write what the address is for, in %d bytes at most", maxNote)}
	}
	made := &Disposable{Note: note, Created: d.seconds()}
	err := d.db.Write(ctx, func(tx *database.Tx) error {
		user, err := userByID(tx, userID)
		if err != nil {
			return err
		}
		if err := mayHaveMore(tx, user); err != nil {
			return err
		}
		a, domain, err := freeDisposable(tx, user)
		if err != nil {
			return err
		}
		made.Address = a.String()
		result, err := tx.Exec(`INSERT INTO disposable (domain, localpart, user, note, off, created_at, used_at, used_by, uses)
			VALUES (?, ?, ?, ?, 0, ?, 0, '', 0)`, domain, a.Local, userID, note, made.Created.Unix())
		if err != nil {
			return fmt.Errorf("add %s: %w", a, err)
		}
		if made.ID, err = result.LastInsertId(); err != nil {
			return err
		}
		return d.audit(ctx, tx, Event{Action: "disposable.add", Subject: user.Address, Detail: made.Address})
	})
	return made, err
}

func containsControl(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) {
			return true
		}
	}
	return false
}

func mayHaveMore(q querier, user *User) error {
	var on, all int
	err := q.QueryRow(`SELECT count(*) FILTER (WHERE NOT off), count(*) FROM disposable WHERE user = ?`, user.ID).Scan(&on, &all)
	if err != nil {
		return fmt.Errorf("count the disposable addresses of %s: %w", user.Address, err)
	}
	if on >= maxDisposables || all >= maxDisposableAll {
		return fmt.Errorf("disposable addresses of %s: %w: %d may be on, and %d be kept; switch off what is not needed", user.Address, ErrTooMany, maxDisposables, maxDisposableAll)
	}
	return nil
}

// freeDisposable makes up an address that nobody has or had.
func freeDisposable(q querier, user *User) (Address, int64, error) {
	a, err := ParseAddress(user.Address)
	if err != nil {
		return a, 0, err
	}
	domain, err := domainByName(q, a.Domain)
	if err != nil {
		return a, 0, err
	}
	for range 20 { // of some 30 million
		a.Local = memorable()
		if err = mustBeFree(q, domain.ID, a); !errors.Is(err, ErrExists) {
			break
		}
	}
	return a, domain.ID, err
}

// memorable makes up a local part such as amber.otter.4711: easy to say and to read,
// hard to guess. No separator can be in it.
func memorable() string {
	pick := func(n int) int {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
		if err != nil { // crypto/rand's never fails
			return 0
		}
		return int(i.Int64())
	}
	kinds, things := kinds(), things()
	return fmt.Sprintf("%s.%s.%d", kinds[pick(len(kinds))], things[pick(len(things))], 1000+pick(9000))
}

// Disposables lists a user's: those that are on first, the latest of each first.
func (d *Directory) Disposables(ctx context.Context, userID int64) (list []Disposable, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT t.id, t.localpart, d.name, t.note, t.off, t.created_at, t.used_at, t.used_by, t.uses
			FROM disposable t JOIN domain d ON d.id = t.domain WHERE t.user = ? ORDER BY t.off, t.id DESC`, userID)
		if err != nil {
			return err
		}
		list, err = collect(rows, scanDisposable)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list disposable addresses: %w", err)
	}
	return list, nil
}

func scanDisposable(row scanner) (t Disposable, err error) {
	var a Address
	var created, used int64
	err = row.Scan(&t.ID, &a.Local, &a.Domain, &t.Note, &t.Off, &created, &used, &t.UsedBy, &t.Uses)
	t.Address, t.Created = a.String(), time.Unix(created, 0)
	if used > 0 {
		t.Used = time.Unix(used, 0)
	}
	return t, err
}

// SwitchDisposable lets mail to a user's address be refused, or taken again.
// ErrNoSuchAlias when the address is not theirs, ErrTooMany, ErrBadAddress.
func (d *Directory) SwitchDisposable(ctx context.Context, userID int64, address string, off bool) error {
	a, err := ParseAddress(address)
	if err != nil {
		return err
	}
	a = a.fold()
	return d.db.Write(ctx, func(tx *database.Tx) error {
		user, err := userByID(tx, userID)
		if err != nil {
			return err
		}
		if !off {
			if err := mayHaveMore(tx, user); err != nil {
				return err
			}
		}
		result, err := tx.Exec(`UPDATE disposable SET off = ?1 WHERE user = ?2 AND localpart = ?3
			AND domain = (SELECT id FROM domain WHERE name = ?4)`, off, userID, a.Local, a.Domain)
		if err != nil {
			return fmt.Errorf("switch %s: %w", a, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("%s: %w; see: letterbox disposable list", a, ErrNoSuchAlias))
		}
		action := "disposable.on"
		if off {
			action = "disposable.off"
		}
		return d.audit(ctx, tx, Event{Action: action, Subject: user.Address, Detail: a.String()})
	})
}

// DisposableUsed notes who wrote to an address.
func (d *Directory) DisposableUsed(ctx context.Context, id int64, by string) error {
	return d.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE disposable SET used_at = ?, used_by = ?, uses = uses + 1 WHERE id = ?`, d.now().Unix(), clip(by), id)
		if err != nil {
			return fmt.Errorf("note the use of disposable address %d: %w", id, err)
		}
		return nil
	})
}

// disposable follows a disposable address, if it is one. One that is switched off
// leads nowhere, and to no catch-all either.
func (w *walk) disposable(domain int64, local string) (is, found bool, err error) {
	var id int64
	var owner sql.NullInt64
	var off bool
	err = w.q.QueryRow(`SELECT id, user, off FROM disposable WHERE domain = ? AND localpart = ?`, domain, local).Scan(&id, &owner, &off)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	if err != nil {
		return true, false, fmt.Errorf("look up a disposable address: %w", err)
	}
	if off || !owner.Valid {
		w.off = &SwitchedOffError{owner.Int64}
		return true, false, nil
	}
	user, err := userByID(w.q, owner.Int64)
	if err != nil {
		return true, false, err
	}
	w.used = id
	return true, true, w.reach(user, "")
}

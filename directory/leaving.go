package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterbox/database"
)

// ErrNotLeaving is for somebody who stays anyway.
var ErrNotLeaving = errors.New("this account is not about to be removed")

// A Leaver is a user who is to be removed when the time has come.
type Leaver struct {
	User
	Asked time.Time
	Due   time.Time
}

// Leave disables the user at once, to be removed after a while, which can be undone
// until then by Stay. Whoever removes them is the appliance: their mail is not
// the directory's. A second time it sets the time anew.
func (d *Directory) Leave(ctx context.Context, address string, wait time.Duration) (due time.Time, err error) {
	now := d.seconds()
	due = now.Add(wait)
	e := Event{Action: "user.leave", Detail: "to be removed " + due.UTC().Format(time.RFC3339)}
	err = d.changeAndEnd(ctx, address, e, true, func(tx *database.Tx, user *User) error {
		_, err := tx.Exec(`INSERT INTO leaving (user, asked_at, due_at, disabled) VALUES (?, ?, ?, ?)
			ON CONFLICT (user) DO UPDATE SET due_at = excluded.due_at`, user.ID, now.Unix(), due.Unix(), user.Disabled)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE user SET disabled = 1 WHERE id = ?`, user.ID)
		return err
	})
	return due, err
}

// Stay undoes Leave: the user is as before. ErrNotLeaving.
func (d *Directory) Stay(ctx context.Context, address string) error {
	return d.changeUser(ctx, address, Event{Action: "user.stay"}, func(tx *database.Tx, user *User) error {
		_, err := tx.Exec(`UPDATE user SET disabled = (SELECT disabled FROM leaving WHERE user = ?1)
			WHERE id = ?1 AND EXISTS (SELECT 1 FROM leaving WHERE user = ?1)`, user.ID)
		if err != nil {
			return err
		}
		return mustChange(tx.Exec(`DELETE FROM leaving WHERE user = ?`, user.ID))(ErrNotLeaving)
	})
}

// Leavers lists those who are to be removed, the soonest first.
func (d *Directory) Leavers(ctx context.Context) (all []Leaver, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT ` + userColumns + `, l.asked_at, l.due_at
			FROM leaving l JOIN user u ON u.id = l.user JOIN domain d ON d.id = u.domain ORDER BY l.due_at, u.id`)
		if err != nil {
			return err
		}
		all, err = collect(rows, scanLeaver)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list who leaves: %w", err)
	}
	return all, nil
}

func scanLeaver(row scanner) (Leaver, error) {
	var l Leaver
	var asked, due int64
	user, err := scanUser(alsoScan{row, []any{&asked, &due}})
	l.User, l.Asked, l.Due = user, time.Unix(asked, 0), time.Unix(due, 0)
	return l, err
}

// alsoScan is a row with columns behind those that somebody else scans.
type alsoScan struct {
	scanner
	more []any
}

func (s alsoScan) Scan(into ...any) error { return s.scanner.Scan(append(into, s.more...)...) }

package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterbox/database"
)

var (
	ErrBadPasskey      = errors.New("that passkey was not accepted; try again, or sign in with your password")
	ErrNoSuchPasskey   = errors.New("no such passkey")
	ErrTooManyPasskeys = fmt.Errorf("nobody has more than %d passkeys; remove one that is not used any more", maxPasskeys)
)

const maxPasskeys = 20

// A Passkey is a key pair whose private half never leaves the user's device or
// key ring (WebAuthn). It signs in to the web pages alone: whoever has the device
// and can unlock it needs no password.
type Passkey struct {
	ID      []byte
	Name    string
	Created time.Time
	Used    time.Time // zero: never

	credential string // JSON
}

func passkeys(q querier, user int64) ([]Passkey, error) {
	rows, err := q.Query(`SELECT id, name, created_at, used_at, credential FROM passkey
		WHERE user = ? ORDER BY created_at, id`, user)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanPasskey)
}

func scanPasskey(row scanner) (Passkey, error) {
	var p Passkey
	var created, used int64
	err := row.Scan(&p.ID, &p.Name, &created, &used, &p.credential)
	p.Created = time.Unix(created, 0)
	if used > 0 {
		p.Used = time.Unix(used, 0)
	}
	return p, err
}

// addPasskey keeps one that has proved itself.
func (d *Directory) addPasskey(ctx context.Context, address string, p Passkey) error {
	return d.addFactor(ctx, address, Event{Action: "user.passkey.add", Detail: p.Name}, func(tx *database.Tx, user *User) error {
		var n int
		if err := tx.QueryRow(`SELECT count(*) FROM passkey WHERE user = ?`, user.ID).Scan(&n); err != nil {
			return err
		}
		if n >= maxPasskeys {
			return ErrTooManyPasskeys
		}
		return mustChange(tx.Exec(`INSERT INTO passkey (id, user, name, credential, created_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, p.ID, user.ID, p.Name, p.credential, d.now().Unix()))(ErrBadPasskey)
	})
}

// RemovePasskey forgets one. ErrNoSuchPasskey also for somebody else's.
func (d *Directory) RemovePasskey(ctx context.Context, address string, id []byte) error {
	return d.removeFactor(ctx, address, Event{Action: "user.passkey.remove"}, func(tx *database.Tx, user *User) error {
		return mustChange(tx.Exec(`DELETE FROM passkey WHERE id = ? AND user = ?`, id, user.ID))(ErrNoSuchPasskey)
	})
}

// passkeyOwner is a user with their passkeys, as the library wants to know them.
func (d *Directory) passkeyOwner(ctx context.Context, user *User) (*passkeyOwner, error) {
	o := &passkeyOwner{User: *user, handle: d.userHandle(user.ID)}
	err := d.db.Read(ctx, func(c *database.Conn) (err error) {
		o.keys, err = passkeys(c, user.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up passkeys: %w", err)
	}
	return o, o.decode()
}

// ownerOf finds whose passkey an id is; ErrNoSuchPasskey.
func (d *Directory) ownerOf(ctx context.Context, passkey []byte) (*passkeyOwner, error) {
	var id int64
	err := d.db.Read(ctx, func(c *database.Conn) error {
		return c.QueryRow(`SELECT coalesce((SELECT user FROM passkey WHERE id = ?), 0)`, passkey).Scan(&id)
	})
	if err != nil {
		return nil, fmt.Errorf("look up passkey: %w", err)
	}
	if id == 0 {
		return nil, ErrNoSuchPasskey
	}
	user, err := d.UserByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return d.passkeyOwner(ctx, user)
}

// userHandle names the user on their devices. It tells nothing of them.
func (d *Directory) userHandle(user int64) []byte { return d.hashSecret("passkey owner", user, "") }

// notePasskey writes down the use of a passkey, with the counter that it showed.
func (d *Directory) notePasskey(ctx context.Context, p Passkey) error {
	return d.db.Write(ctx, func(tx *database.Tx) error {
		return mustChange(tx.Exec(`UPDATE passkey SET credential = ?, used_at = ? WHERE id = ?`,
			p.credential, d.now().Unix(), p.ID))(ErrNoSuchPasskey)
	})
}

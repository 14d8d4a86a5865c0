package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"letterbox/database"
)

// User is somebody who signs in and has mail. ID is the account id.
type User struct {
	ID       int64
	Address  string
	Name     string
	Role     string // "", "admin", "helper" or "auditor"
	Disabled bool
	Created  time.Time
}

// AddUser makes a user of one of our domains. An empty password makes a user
// who cannot sign in yet. ErrBadAddress, ErrNotOurs, ErrExists, ErrWeakPassword.
func (d *Directory) AddUser(ctx context.Context, address, name, password string) (*User, error) {
	a, err := d.parseUser(address)
	if err != nil {
		return nil, fmt.Errorf("add user: %w", err)
	}
	var fresh *credential
	if password != "" {
		if fresh, err = d.newCredential(ctx, a, password); err != nil {
			return nil, fmt.Errorf("add user %s: %w", a, err)
		}
	}
	user := &User{Address: a.String(), Name: name, Created: d.seconds()}
	err = d.db.Write(ctx, func(tx *database.Tx) error {
		if user.ID, err = insertUser(tx, a, user); err != nil {
			return err
		}
		if fresh != nil {
			if err := saveCredential(tx, user.ID, fresh, user.Created); err != nil {
				return err
			}
		}
		return d.audit(ctx, tx, Event{Action: "user.add", Subject: user.Address})
	})
	if err != nil {
		return nil, err
	}
	return user, nil
}

// parseUser refuses what could never be reached: names with the separator would
// be read as somebody else's plus-address, and '*' is the catch-all.
func (d *Directory) parseUser(address string) (Address, error) {
	a, err := ParseAddress(address)
	if err != nil {
		return Address{}, err
	}
	if strings.Contains(a.Local, d.separator) || a.Local == catchAll {
		return Address{}, fmt.Errorf("%s: %w: a user's name has no %q and is not %q", a, ErrBadAddress, d.separator, catchAll)
	}
	return a.fold(), nil
}

func insertUser(tx *database.Tx, a Address, user *User) (int64, error) {
	domain, err := domainByName(tx, a.Domain)
	if err != nil {
		return 0, fmt.Errorf("add user %s: %w", a, err)
	}
	if err := mustBeFree(tx, domain.ID, a); err != nil {
		return 0, fmt.Errorf("add user: %w", err)
	}
	result, err := tx.Exec(`INSERT INTO user (domain, localpart, name, created_at) VALUES (?, ?, ?, ?)`,
		domain.ID, a.Local, user.Name, user.Created.Unix())
	if err != nil {
		return 0, fmt.Errorf("add user %s: %w", a, err)
	}
	return result.LastInsertId()
}

// mustBeFree fails with ErrExists when a user or an alias has the address.
func mustBeFree(q querier, domain int64, a Address) error {
	var users, aliases int
	err := q.QueryRow(`SELECT (SELECT count(*) FROM user WHERE domain = ?1 AND localpart = ?2),
		(SELECT count(*) FROM alias WHERE domain = ?1 AND localpart = ?2)`, domain, a.Local).Scan(&users, &aliases)
	switch {
	case err != nil:
		return fmt.Errorf("look up %s: %w", a, err)
	case users > 0:
		return fmt.Errorf("%s: %w by a user", a, ErrExists)
	case aliases > 0:
		return fmt.Errorf("%s: %w by an alias; remove that first with: letterbox alias remove %s", a, ErrExists, a)
	}
	return nil
}

// SetDisabled locks a user out or lets them in again. A disabled user cannot
// sign in; mail for them still arrives. Sessions that are open are the servers'
// to end.
func (d *Directory) SetDisabled(ctx context.Context, address string, disabled bool) error {
	action := "user.enable"
	if disabled {
		action = "user.disable"
	}
	return d.changeUser(ctx, address, Event{Action: action}, func(tx *database.Tx, user *User) error {
		_, err := tx.Exec(`UPDATE user SET disabled = ? WHERE id = ?`, disabled, user.ID)
		return err
	})
}

// SetRole makes a user an "admin", "helper" or "auditor", or takes that away ("").
func (d *Directory) SetRole(ctx context.Context, address, role string) error {
	if !slices.Contains([]string{"", "admin", "helper", "auditor"}, role) {
		return fmt.Errorf("there is no role %q; roles are admin, helper and auditor", role)
	}
	return d.changeUser(ctx, address, Event{Action: "user.role", Detail: role}, func(tx *database.Tx, user *User) error {
		_, err := tx.Exec(`UPDATE user SET role = ? WHERE id = ?`, role, user.ID)
		return err
	})
}

// SetName changes how the user is called.
func (d *Directory) SetName(ctx context.Context, address, name string) error {
	return d.changeUser(ctx, address, Event{Action: "user.name"}, func(tx *database.Tx, user *User) error {
		_, err := tx.Exec(`UPDATE user SET name = ? WHERE id = ?`, name, user.ID)
		return err
	})
}

// RemoveUser forgets the user, and with them the alias targets that name them:
// whoever gets the address later shall not get their mail. The mail itself is
// the store's (RemoveAccount).
func (d *Directory) RemoveUser(ctx context.Context, address string) error {
	return d.changeUser(ctx, address, Event{Action: "user.remove"}, func(tx *database.Tx, user *User) error {
		if err := d.removeTarget(tx, user.Address); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM user WHERE id = ?`, user.ID)
		return err
	})
}

// changeUser finds the user, runs change and writes the audit line, all in one
// transaction.
func (d *Directory) changeUser(ctx context.Context, address string, e Event, change func(*database.Tx, *User) error) error {
	a, err := ParseAddress(address)
	if err != nil {
		return err
	}
	return d.db.Write(ctx, func(tx *database.Tx) error {
		user, err := userByAddress(tx, a.fold())
		if err != nil {
			return err
		}
		if err := change(tx, user); err != nil {
			return fmt.Errorf("%s of %s: %w", e.Action, user.Address, err)
		}
		e.Subject = user.Address
		return d.audit(ctx, tx, e)
	})
}

// Users lists them by address.
func (d *Directory) Users(ctx context.Context) ([]User, error) {
	var users []User
	err := d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT u.id, u.localpart, d.name, u.name, u.role, u.disabled, u.created_at
			FROM user u JOIN domain d ON d.id = u.domain ORDER BY d.name, u.localpart`)
		if err != nil {
			return err
		}
		users, err = collect(rows, scanUser)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

// User finds one by the address that it signs in with; ErrNoSuchUser.
func (d *Directory) User(ctx context.Context, address string) (*User, error) {
	a, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	var user *User
	err = d.db.Read(ctx, func(c *database.Conn) error {
		user, err = userByAddress(c, a.fold())
		return err
	})
	return user, err
}

// UserByID finds one by its account id; ErrNoSuchUser.
func (d *Directory) UserByID(ctx context.Context, id int64) (*User, error) {
	var user User
	err := d.db.Read(ctx, func(c *database.Conn) (err error) {
		user, err = scanUser(c.QueryRow(`SELECT u.id, u.localpart, d.name, u.name, u.role, u.disabled, u.created_at
			FROM user u JOIN domain d ON d.id = u.domain WHERE u.id = ?`, id))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("user %d: %w", id, ErrNoSuchUser)
	}
	if err != nil {
		return nil, fmt.Errorf("look up user %d: %w", id, err)
	}
	return &user, nil
}

// userByAddress takes a folded address.
func userByAddress(q querier, a Address) (*User, error) {
	user, err := scanUser(q.QueryRow(`SELECT u.id, u.localpart, d.name, u.name, u.role, u.disabled, u.created_at
		FROM user u JOIN domain d ON d.id = u.domain WHERE d.name = ? AND u.localpart = ?`, a.Domain, a.Local))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%s: %w; see: letterbox user list", a, ErrNoSuchUser)
	}
	if err != nil {
		return nil, fmt.Errorf("look up user %s: %w", a, err)
	}
	return &user, nil
}

func scanUser(row scanner) (User, error) {
	var user User
	var a Address
	var created int64
	err := row.Scan(&user.ID, &a.Local, &a.Domain, &user.Name, &user.Role, &user.Disabled, &created)
	user.Address, user.Created = a.String(), time.Unix(created, 0)
	return user, err
}

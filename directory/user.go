package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"letterbox/database"
)

// User is somebody who signs in and has mail, or a team that has mail. ID is the
// account id.
type User struct {
	ID       int64
	Address  string
	Name     string
	Role     string // "", "admin", "helper" or "auditor"
	Team     bool   // nobody signs in: its members share its mail
	Disabled bool
	Created  time.Time
	Language string // of pages and mails, such as "de"; "": not set

	AppPassword *AppPassword // what they have just signed in with; nil: their own password, or they have not
}

// Kinds of users: a person, or a team.
const (
	kindPerson = ""
	kindTeam   = "team"
)

// Users lists the people by address.
func (d *Directory) Users(ctx context.Context) ([]User, error) { return d.users(ctx, kindPerson) }

// Teams lists the teams by address.
func (d *Directory) Teams(ctx context.Context) ([]User, error) { return d.users(ctx, kindTeam) }

// Everybody lists all who have mail: the people by address, then the teams.
func (d *Directory) Everybody(ctx context.Context) ([]User, error) {
	people, err := d.Users(ctx)
	if err != nil {
		return nil, err
	}
	teams, err := d.Teams(ctx)
	return append(people, teams...), err
}

func (d *Directory) users(ctx context.Context, kind string) ([]User, error) {
	var users []User
	err := d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT `+userColumns+`
			FROM user u JOIN domain d ON d.id = u.domain WHERE u.kind = ? ORDER BY d.name, u.localpart`, kind)
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

// UserNamed finds one by what they may sign in with: the address or, where only
// one domain is served, its local part; ErrNoSuchUser.
func (d *Directory) UserNamed(ctx context.Context, username string) (*User, error) {
	var user *User
	err := d.db.Read(ctx, func(c *database.Conn) error {
		a, _, err := signInAddress(c, username)
		if err != nil {
			return err
		}
		user, err = userByAddress(c, a)
		return err
	})
	return user, err
}

// UserByID finds one by its account id; ErrNoSuchUser.
func (d *Directory) UserByID(ctx context.Context, id int64) (user *User, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		user, err = userByID(c, id)
		return err
	})
	return user, err
}

func userByID(q querier, id int64) (*User, error) {
	user, err := scanUser(q.QueryRow(`SELECT `+userColumns+`
		FROM user u JOIN domain d ON d.id = u.domain WHERE u.id = ?`, id))
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
	user, err := scanUser(q.QueryRow(`SELECT `+userColumns+`
		FROM user u JOIN domain d ON d.id = u.domain WHERE d.name = ? AND u.localpart = ?`, a.Domain, a.Local))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%s: %w; see: letterbox user list", a, ErrNoSuchUser)
	}
	if err != nil {
		return nil, fmt.Errorf("look up user %s: %w", a, err)
	}
	return &user, nil
}

// userColumns are what scanUser reads, of user u in domain d.
const userColumns = `u.id, u.localpart, d.name, u.name, u.role, u.kind, u.disabled, u.created_at, u.language`

func scanUser(row scanner) (User, error) {
	var user User
	var a Address
	var created int64
	var kind string
	err := row.Scan(&user.ID, &a.Local, &a.Domain, &user.Name, &user.Role, &kind, &user.Disabled, &created, &user.Language)
	user.Address, user.Created = a.String(), time.Unix(created, 0)
	user.Team = kind == kindTeam
	return user, err
}

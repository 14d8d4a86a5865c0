package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"letterbox/database"
)

// AddUser makes a user of one of our domains. An empty password makes a user
// who cannot sign in yet. ErrBadAddress, ErrNotOurs, ErrExists, ErrWeakPassword.
func (d *Directory) AddUser(ctx context.Context, address, name, password string) (*User, error) {
	return d.addUser(ctx, &User{Address: address, Name: name}, password)
}

// AddTeam makes a team: an account with an address, which nobody can sign in to.
func (d *Directory) AddTeam(ctx context.Context, address, name string) (*User, error) {
	return d.addUser(ctx, &User{Address: address, Name: name, Team: true}, "")
}

func (d *Directory) addUser(ctx context.Context, user *User, password string) (*User, error) {
	address, name := user.Address, user.Name
	a, err := d.parseUser(address)
	if err != nil {
		return nil, fmt.Errorf("add user: %w", err)
	}
	if err := checkName(name); err != nil {
		return nil, fmt.Errorf("add user %s: %w", a, err)
	}
	var fresh *credential
	if password != "" {
		if fresh, err = d.newCredential(ctx, a, password); err != nil {
			return nil, fmt.Errorf("add user %s: %w", a, err)
		}
	}
	user.Address, user.Created = a.String(), d.seconds()
	err = d.db.Write(ctx, func(tx *database.Tx) error {
		if err := d.mustNotHide(tx, a); err != nil {
			return fmt.Errorf("add user: %w", err)
		}
		if user.ID, err = insertUser(tx, a, user); err != nil {
			return err
		}
		if fresh != nil {
			if err := saveCredential(tx, user.ID, fresh, user.Created); err != nil {
				return err
			}
		}
		return d.audit(ctx, tx, Event{Action: user.noun() + ".add", Subject: user.Address})
	})
	if err != nil {
		return nil, err
	}
	return user, nil
}

// noun is what the audit log calls it.
func (u *User) noun() string {
	if u.Team {
		return "team"
	}
	return "user"
}

// parseUser refuses what would be read as something else: '*' is the catch-all.
func (d *Directory) parseUser(address string) (Address, error) {
	a, err := ParseAddress(address)
	if err != nil {
		return Address{}, err
	}
	if a.Local == catchAll {
		return Address{}, fmt.Errorf("%s: %w: %q is what nobody else takes", a, ErrBadAddress, catchAll)
	}
	return a.fold(), d.checkSeparators(a)
}

// checkName keeps line breaks out of header fields that the name gets into.
func checkName(name string) error {
	if len(name) > 200 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return errors.New("the name is too long or holds control characters")
	}
	return nil
}

func insertUser(tx *database.Tx, a Address, user *User) (int64, error) {
	domain, err := domainByName(tx, a.Domain)
	if err != nil {
		return 0, fmt.Errorf("add user %s: %w", a, err)
	}
	if err := mustBeFree(tx, domain.ID, a); err != nil {
		return 0, fmt.Errorf("add user: %w", err)
	}
	kind := kindPerson
	if user.Team {
		kind = kindTeam
	}
	result, err := tx.Exec(`INSERT INTO user (domain, localpart, name, kind, created_at) VALUES (?, ?, ?, ?, ?)`,
		domain.ID, a.Local, user.Name, kind, user.Created.Unix())
	if err != nil {
		return 0, fmt.Errorf("add user %s: %w", a, err)
	}
	return result.LastInsertId()
}

// mustBeFree fails with ErrExists when a user or an alias has the address, somebody
// ever had it as a disposable one, or the program uses it itself.
func mustBeFree(q querier, domain int64, a Address) error {
	if err := checkReserved(a); err != nil {
		return err
	}
	var users, aliases, disposable int
	err := q.QueryRow(`SELECT (SELECT count(*) FROM user WHERE domain = ?1 AND localpart = ?2),
		(SELECT count(*) FROM alias WHERE domain = ?1 AND localpart = ?2),
		(SELECT count(*) FROM disposable WHERE domain = ?1 AND localpart = ?2)`, domain, a.Local).Scan(&users, &aliases, &disposable)
	switch {
	case err != nil:
		return fmt.Errorf("look up %s: %w", a, err)
	case users > 0:
		return fmt.Errorf("%s: %w by a user", a, ErrExists)
	case aliases > 0:
		return fmt.Errorf("%s: %w by an alias; remove that first with: letterbox alias remove %s TARGET", a, ErrExists, a)
	case disposable > 0:
		return fmt.Errorf("%s: %w: it is or was somebody's disposable address", a, ErrExists)
	}
	return nil
}

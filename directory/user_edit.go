package directory

import (
	"context"
	"fmt"
	"slices"

	"letterbox/database"
)

// SetDisabled locks a user out or lets them in again. A disabled user cannot
// sign in, and their sessions end, browsers included; mail for them still arrives.
func (d *Directory) SetDisabled(ctx context.Context, address string, disabled bool) error {
	action := "user.enable"
	if disabled {
		action = "user.disable"
	}
	return d.changeAndEnd(ctx, address, Event{Action: action}, disabled, func(tx *database.Tx, user *User) error {
		if err := endWebSessions(tx, user.ID); err != nil {
			return err
		}
		if !disabled { // who is let in again stays
			if _, err := tx.Exec(`DELETE FROM leaving WHERE user = ?`, user.ID); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`UPDATE user SET disabled = ? WHERE id = ?`, disabled, user.ID)
		return err
	})
}

// SetRole makes a user an "admin", "helper" or "auditor", or takes that away
// (""). Their browsers are signed out: no session lives on with another role than
// it began with.
func (d *Directory) SetRole(ctx context.Context, address, role string) error {
	if !slices.Contains([]string{"", "admin", "helper", "auditor"}, role) {
		return fmt.Errorf("there is no role %q; roles are admin, helper and auditor", role)
	}
	return d.changeUser(ctx, address, Event{Action: "user.role", Detail: role}, func(tx *database.Tx, user *User) error {
		if user.Team {
			return ErrTeam
		}
		if err := endWebSessions(tx, user.ID); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE user SET role = ? WHERE id = ?`, role, user.ID)
		return err
	})
}

// SetName changes how the user is called.
func (d *Directory) SetName(ctx context.Context, address, name string) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("name %s: %w", clip(address), err)
	}
	return d.changeUser(ctx, address, Event{Action: "user.name"}, func(tx *database.Tx, user *User) error {
		_, err := tx.Exec(`UPDATE user SET name = ? WHERE id = ?`, name, user.ID)
		return err
	})
}

// SetLanguage sets what pages and mails to the user are in: a tag such as "de",
// or "" for what their browser asks for.
func (d *Directory) SetLanguage(ctx context.Context, address, tag string) error {
	return d.changeUser(ctx, address, Event{Action: "user.language", Detail: tag}, func(tx *database.Tx, user *User) error {
		_, err := tx.Exec(`UPDATE user SET language = ? WHERE id = ?`, tag, user.ID)
		return err
	})
}

// RemoveUser forgets the user, and with them the alias targets that name them:
// whoever gets the address later shall not get their mail. The mail itself is
// the store's (RemoveAccount).
func (d *Directory) RemoveUser(ctx context.Context, address string) error {
	return d.changeAndEnd(ctx, address, Event{Action: "user.remove"}, true, func(tx *database.Tx, user *User) error {
		if err := d.removeTarget(tx, user.Address); err != nil {
			return err
		}
		if err := removeCapabilities(tx, user.ID); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM user WHERE id = ?`, user.ID)
		return err
	})
}

// changeAndEnd is changeUser; afterwards all of the user's sessions end, if that is
// wanted.
func (d *Directory) changeAndEnd(ctx context.Context, address string, e Event, end bool, change func(*database.Tx, *User) error) error {
	var id int64
	err := d.changeUser(ctx, address, e, func(tx *database.Tx, user *User) error {
		id = user.ID
		return change(tx, user)
	})
	if err == nil && end {
		d.end(Ending{User: id, All: true})
	}
	return err
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

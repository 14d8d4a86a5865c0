package directory

import (
	"context"
	"errors"
	"fmt"

	"letterbox/database"
)

// catchAll is the local part of the alias that takes what nobody else does.
const catchAll = "*"

// An Alias is an address whose mail goes to others.
type Alias struct {
	Address string // "*@domain" is the catch-all
	Targets []string
}

// AddAlias lets address be delivered to target, ours or elsewhere; an address
// may have several targets. ErrNotOurs for an address elsewhere, ErrExists,
// ErrBadAddress; *TargetError with ErrNoSuchUser for a target of ours that leads
// nowhere, ErrLoop, ErrBadAddress.
func (d *Directory) AddAlias(ctx context.Context, address, target string) error {
	from, err := ParseAddress(address)
	if err != nil {
		return fmt.Errorf("add alias: %w", err)
	}
	from = from.fold()
	return d.db.Write(ctx, func(tx *database.Tx) error {
		domain, err := domainByName(tx, from.Domain)
		if err != nil {
			return fmt.Errorf("add alias %s: %w", from, err)
		}
		if err := d.mayBeAlias(tx, from); err != nil {
			return fmt.Errorf("add alias: %w", err)
		}
		to, err := parseTarget(tx, target)
		if err != nil {
			return fmt.Errorf("add alias %s: %w", from, err)
		}
		return d.addTarget(ctx, tx, domain.ID, from, to)
	})
}

// A TargetError says which target of an alias cannot be one, and why.
type TargetError struct {
	Target string
	Err    error
}

func (e *TargetError) Error() string { return "target " + e.Err.Error() }
func (e *TargetError) Unwrap() error { return e.Err }

// mayBeAlias is about new addresses.
func (d *Directory) mayBeAlias(q querier, from Address) error {
	if err := checkReserved(from); err != nil {
		return err
	}
	if err := d.checkSeparators(from); err != nil {
		return err
	}
	return d.mustNotHide(q, from)
}

// parseTarget reads what an alias is to lead to.
func parseTarget(q querier, target string) (Address, error) {
	to, err := ParseAddress(target)
	if err == nil && to.Local == catchAll {
		err = fmt.Errorf("%s: %w: a target is one mailbox", to, ErrBadAddress)
	}
	if err != nil {
		return to, &TargetError{target, err}
	}
	return canonicalTarget(q, to)
}

// addTarget lets an alias lead to one more.
func (d *Directory) addTarget(ctx context.Context, tx *database.Tx, domain int64, from, to Address) error {
	if err := insertAlias(tx, domain, from, to); err != nil {
		return err
	}
	if err := d.checkTarget(tx, domain, from, to); err != nil {
		return fmt.Errorf("add alias %s: %w", from, &TargetError{to.String(), err})
	}
	return d.audit(ctx, tx, Event{Action: "alias.add", Subject: from.String(), Detail: to.String()})
}

// canonicalTarget folds the case of a target of ours, so that one target cannot
// stand there twice.
func canonicalTarget(q querier, to Address) (Address, error) {
	var ours int
	if err := q.QueryRow(`SELECT count(*) FROM domain WHERE name = ?`, to.Domain).Scan(&ours); err != nil {
		return to, fmt.Errorf("look up domain %s: %w", to.Domain, err)
	}
	if ours > 0 {
		return to.fold(), nil
	}
	return to, nil
}

func insertAlias(tx *database.Tx, domain int64, from, to Address) error {
	var users, disposable, same int
	err := tx.QueryRow(`SELECT (SELECT count(*) FROM user WHERE domain = ?1 AND localpart = ?2),
		(SELECT count(*) FROM disposable WHERE domain = ?1 AND localpart = ?2),
		(SELECT count(*) FROM alias WHERE domain = ?1 AND localpart = ?2 AND target = ?3)`,
		domain, from.Local, to.String()).Scan(&users, &disposable, &same)
	switch {
	case err != nil:
		return fmt.Errorf("add alias %s: %w", from, err)
	case users > 0:
		return fmt.Errorf("add alias %s: %w by a user", from, ErrExists)
	case disposable > 0:
		return fmt.Errorf("add alias %s: %w: it is or was somebody's disposable address", from, ErrExists)
	case same > 0:
		return fmt.Errorf("alias %s to %s: %w", from, to, ErrExists)
	}
	if _, err := tx.Exec(`INSERT INTO alias (domain, localpart, target) VALUES (?, ?, ?)`, domain, from.Local, to.String()); err != nil {
		return fmt.Errorf("add alias %s: %w", from, err)
	}
	return nil
}

// checkTarget follows a target that was just added. Any circle that it closes
// leads through the alias itself.
func (d *Directory) checkTarget(q querier, domain int64, from, to Address) error {
	w := d.newWalk(q, to.String())
	w.strict, w.path = true, []aliasKey{{domain, from.Local}}
	found, err := w.follow(to, "")
	if err == nil && !found {
		return fmt.Errorf("%s: %w; add it first with: letterbox user add %s", to, ErrNoSuchUser, to)
	}
	return err
}

// RemoveAlias takes a target from an alias; an empty target takes all of them.
// ErrNoSuchAlias, ErrNotOurs, ErrBadAddress.
func (d *Directory) RemoveAlias(ctx context.Context, address, target string) error {
	from, err := ParseAddress(address)
	if err != nil {
		return fmt.Errorf("remove alias: %w", err)
	}
	from = from.fold()
	var to Address
	if target != "" {
		if to, err = ParseAddress(target); err != nil {
			return fmt.Errorf("remove alias %s: %w", from, err)
		}
	}
	return d.db.Write(ctx, func(tx *database.Tx) error {
		domain, err := domainByName(tx, from.Domain)
		if err != nil {
			return fmt.Errorf("remove alias %s: %w", from, err)
		}
		result, err := tx.Exec(`DELETE FROM alias WHERE domain = ? AND localpart = ? AND (? OR target IN (?, ?))`,
			domain.ID, from.Local, target == "", to.String(), to.fold().String())
		if err != nil {
			return fmt.Errorf("remove alias %s: %w", from, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("%s to %q: %w; see: letterbox alias list", from, target, ErrNoSuchAlias)
		}
		return d.audit(ctx, tx, Event{Action: "alias.remove", Subject: from.String(), Detail: target})
	})
}

// removeTarget takes a user's address, with and without detail, out of all aliases and
// of what others pass on.
func (d *Directory) removeTarget(tx *database.Tx, address string) error {
	rows, err := tx.Query(`SELECT target FROM alias UNION SELECT target FROM forward`)
	if err != nil {
		return err
	}
	targets, err := collect(rows, scanTarget)
	if err != nil {
		return err
	}
	for _, to := range targets {
		user, err := d.userNamed(tx, to)
		if err != nil || user == nil || user.Address != address {
			if err != nil {
				return err
			}
			continue
		}
		for _, table := range []string{"alias", "forward"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE target = ?`, to.String()); err != nil {
				return err
			}
		}
	}
	return nil
}

// userNamed is whose address it is, with or without detail; nil for nobody's.
func (d *Directory) userNamed(q querier, a Address) (*User, error) {
	for _, r := range d.readings(a.fold().Local, "") {
		user, err := userByAddress(q, Address{r.local, a.Domain})
		if err == nil || !errors.Is(err, ErrNoSuchUser) {
			return user, err
		}
	}
	return nil, nil
}

// Aliases lists them by domain and name.
func (d *Directory) Aliases(ctx context.Context) ([]Alias, error) {
	var aliases []Alias
	err := d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT a.localpart, d.name, a.target FROM alias a JOIN domain d ON d.id = a.domain
			ORDER BY d.name, a.localpart, a.target`)
		if err != nil {
			return err
		}
		single, err := collect(rows, scanAlias)
		aliases = groupAliases(single)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list aliases: %w", err)
	}
	return aliases, nil
}

// groupAliases joins neighbours of one address.
func groupAliases(single []Alias) []Alias {
	var grouped []Alias
	for _, alias := range single {
		if last := len(grouped) - 1; last >= 0 && grouped[last].Address == alias.Address {
			grouped[last].Targets = append(grouped[last].Targets, alias.Targets...)
			continue
		}
		grouped = append(grouped, alias)
	}
	return grouped
}

func scanAlias(row scanner) (Alias, error) {
	var a Address
	var target string
	err := row.Scan(&a.Local, &a.Domain, &target)
	return Alias{Address: a.String(), Targets: []string{target}}, err
}

func scanString(row scanner) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}

package directory

import (
	"context"
	"fmt"
	"slices"

	"letterbox/database"
)

// maxTargets is to how many an alias may lead that is set as a whole: each message
// to it becomes as many.
const maxTargets = 200

// SetAlias lets an address lead to these targets and no others, or changes nothing;
// none at all removes it. ErrTooMany, and the errors of AddAlias.
func (d *Directory) SetAlias(ctx context.Context, a Alias) error {
	if len(a.Targets) > maxTargets {
		return fmt.Errorf("alias %s: %w: %d targets may be set", a.Address, ErrTooMany, maxTargets)
	}
	from, err := ParseAddress(a.Address)
	if err != nil {
		return fmt.Errorf("set alias: %w", err)
	}
	from = from.fold()
	return d.db.Write(ctx, func(tx *database.Tx) error {
		domain, err := domainByName(tx, from.Domain)
		if err != nil {
			return fmt.Errorf("set alias %s: %w", from, err)
		}
		key := aliasKey{domain.ID, from.Local}
		before, err := aliasTargets(tx, key)
		if err != nil {
			return err
		}
		if len(before) == 0 {
			if err := d.mayBeAlias(tx, from); err != nil {
				return fmt.Errorf("set alias: %w", err)
			}
		}
		wanted, err := parseTargets(tx, a.Targets)
		if err != nil {
			return fmt.Errorf("set alias %s: %w", from, err)
		}
		if err := d.dropTargets(ctx, tx, key, from, without(before, wanted)); err != nil {
			return err
		}
		for _, to := range without(wanted, before) {
			if err := d.addTarget(ctx, tx, domain.ID, from, to); err != nil {
				return err
			}
		}
		return nil
	})
}

// parseTargets reads several, each once.
func parseTargets(q querier, targets []string) (all []Address, err error) {
	for _, target := range targets {
		to, err := parseTarget(q, target)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(all, to) {
			all = append(all, to)
		}
	}
	return all, nil
}

// dropTargets takes some from an alias.
func (d *Directory) dropTargets(ctx context.Context, tx *database.Tx, key aliasKey, from Address, targets []Address) error {
	for _, to := range targets {
		_, err := tx.Exec(`DELETE FROM alias WHERE domain = ? AND localpart = ? AND target = ?`, key.domain, key.local, to.String())
		if err != nil {
			return fmt.Errorf("take %s from alias %s: %w", to, from, err)
		}
		if err := d.audit(ctx, tx, Event{Action: "alias.remove", Subject: from.String(), Detail: to.String()}); err != nil {
			return err
		}
	}
	return nil
}

// without are the addresses of one list that are not in the other.
func without(list, other []Address) []Address {
	return slices.DeleteFunc(slices.Clone(list), func(a Address) bool { return slices.Contains(other, a) })
}

package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"letterbox/database"
)

// Domain is one that mail is received for.
type Domain struct {
	ID      int64
	Name    string // A-labels, lower case
	Created time.Time
}

// AddDomain makes the domain ours: mail for it is received from now on.
// ErrExists, ErrBadAddress.
func (d *Directory) AddDomain(ctx context.Context, name string) (*Domain, error) {
	ascii, err := parseDomain(name)
	if err != nil {
		return nil, fmt.Errorf("add domain: %w: %w", ErrBadAddress, err)
	}
	domain := &Domain{Name: ascii, Created: d.seconds()}
	err = d.db.Write(ctx, func(tx *database.Tx) error {
		switch _, err := domainByName(tx, ascii); {
		case err == nil:
			return fmt.Errorf("domain %s is served already: %w", ascii, ErrExists)
		case !errors.Is(err, ErrNotOurs):
			return err
		}
		result, err := tx.Exec(`INSERT INTO domain (name, created_at) VALUES (?, ?)`, ascii, domain.Created.Unix())
		if err != nil {
			return fmt.Errorf("add domain %s: %w", ascii, err)
		}
		if domain.ID, err = result.LastInsertId(); err != nil {
			return fmt.Errorf("add domain %s: %w", ascii, err)
		}
		return d.audit(ctx, tx, Event{Action: "domain.add", Subject: ascii})
	})
	if err != nil {
		return nil, err
	}
	return domain, nil
}

// RemoveDomain stops receiving for a domain that nobody lives in any more.
// ErrNotOurs, ErrNotEmpty.
func (d *Directory) RemoveDomain(ctx context.Context, name string) error {
	ascii, err := parseDomain(name)
	if err != nil {
		return fmt.Errorf("remove domain: %w: %w", ErrBadAddress, err)
	}
	return d.db.Write(ctx, func(tx *database.Tx) error {
		domain, err := domainByName(tx, ascii)
		if err != nil {
			return err
		}
		var users, aliases int
		err = tx.QueryRow(`SELECT (SELECT count(*) FROM user WHERE domain = ?1),
			(SELECT count(*) FROM alias WHERE domain = ?1)`, domain.ID).Scan(&users, &aliases)
		if err != nil {
			return fmt.Errorf("remove domain %s: %w", ascii, err)
		}
		if users+aliases > 0 {
			return fmt.Errorf("%w: %s has %d users and %d aliases; remove them first with %q and %q",
				ErrNotEmpty, ascii, users, aliases, "letterbox user remove", "letterbox alias remove")
		}
		if _, err := tx.Exec(`DELETE FROM domain WHERE id = ?`, domain.ID); err != nil {
			return fmt.Errorf("remove domain %s: %w", ascii, err)
		}
		return d.audit(ctx, tx, Event{Action: "domain.remove", Subject: ascii})
	})
}

// Domain finds one by its name; ErrNotOurs.
func (d *Directory) Domain(ctx context.Context, name string) (*Domain, error) {
	ascii, err := parseDomain(name)
	if err != nil {
		return nil, fmt.Errorf("domain %s: %w: %w", clip(name), ErrBadAddress, err)
	}
	var domain Domain
	err = d.db.Read(ctx, func(c *database.Conn) error {
		domain, err = domainByName(c, ascii)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &domain, nil
}

// Domains lists them by name.
func (d *Directory) Domains(ctx context.Context) ([]Domain, error) {
	var domains []Domain
	err := d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT id, name, created_at FROM domain ORDER BY name`)
		if err != nil {
			return err
		}
		domains, err = collect(rows, scanDomain)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list domains: %w", err)
	}
	return domains, nil
}

// domainByName fails with ErrNotOurs and says how to mend that.
func domainByName(q querier, ascii string) (Domain, error) {
	domain, err := scanDomain(q.QueryRow(`SELECT id, name, created_at FROM domain WHERE name = ?`, ascii))
	if errors.Is(err, sql.ErrNoRows) {
		return Domain{}, fmt.Errorf("%s: %w; to serve it: letterbox domain add %s", ascii, ErrNotOurs, ascii)
	}
	if err != nil {
		return Domain{}, fmt.Errorf("look up domain %s: %w", ascii, err)
	}
	return domain, nil
}

func scanDomain(row scanner) (Domain, error) {
	var domain Domain
	var created int64
	err := row.Scan(&domain.ID, &domain.Name, &created)
	domain.Created = time.Unix(created, 0)
	return domain, err
}

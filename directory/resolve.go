package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"letterbox/database"
)

// A Recipient is where mail for an address goes: to a user (User is set; Detail
// is what stood behind the separator) or elsewhere (Forward is set).
type Recipient struct {
	Address string // as asked for
	User    *User
	Detail  string
	Forward string

	Via      []*User // who passed it on, the last of them last
	Returned bool    // it was passed on before and came back: it stays with User

	Disposable int64 // the disposable address that led there, 0 for none
}

// Resolve says where mail for an address goes: user, alias (also of aliases),
// disposable address, the same of what stands before a separator, catch-all, in this
// order; postmaster@ and
// abuse@ of our domains go to the first admin, or to the first user where there
// is none, when nothing else takes them; "postmaster" alone is the one of our
// first domain (RFC 5321 section 4.5.1). Each user and each address elsewhere is
// returned once. Targets that lead nowhere any more, or back to where they came
// from, are left out; when none remains, there is no such user. ErrNotOurs,
// ErrNoSuchUser, *SwitchedOffError, ErrBadAddress; other errors are passing ones.
func (d *Directory) Resolve(ctx context.Context, address string) ([]Recipient, error) {
	var found []Recipient
	err := d.db.Read(ctx, func(c *database.Conn) (err error) {
		found, err = d.resolve(c, address, true)
		return err
	})
	return found, err
}

func (d *Directory) resolve(q querier, address string, passing bool) ([]Recipient, error) {
	a, err := parseRecipient(q, address)
	if err != nil {
		return nil, err
	}
	if _, err := domainByName(q, a.Domain); err != nil {
		return nil, err
	}
	w := d.newWalk(q, address)
	w.passing = passing
	found, err := w.follow(a, "")
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", a, err)
	}
	switch {
	case !found && w.off != nil:
		return nil, fmt.Errorf("%s: %w", a, w.off)
	case !found:
		return nil, fmt.Errorf("%s: %w", a, ErrNoSuchUser)
	}
	for i := range w.found {
		w.found[i].Disposable = w.used
	}
	return w.found, nil
}

// ResolveHere is Resolve as if nobody passed mail on.
func (d *Directory) ResolveHere(ctx context.Context, address string) (found []Recipient, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		found, err = d.resolve(c, address, false)
		return err
	})
	return found, err
}

// parseRecipient knows the one address that needs no domain.
func parseRecipient(q querier, address string) (Address, error) {
	if !strings.EqualFold(address, "postmaster") {
		return ParseAddress(address)
	}
	var domain string
	err := q.QueryRow(`SELECT name FROM domain ORDER BY id LIMIT 1`).Scan(&domain)
	if errors.Is(err, sql.ErrNoRows) {
		return Address{}, fmt.Errorf("postmaster: %w: no domain is served yet", ErrNoSuchUser)
	}
	if err != nil {
		return Address{}, fmt.Errorf("look up the first domain: %w", err)
	}
	return Address{Local: "postmaster", Domain: domain}, nil
}

// MaySendAs reports whether the user may write from the address: whether mail to
// it reaches them. That is their own address, with or without detail, an alias
// that leads to them, and what falls to them as catch-all; whether they pass it on
// makes no difference.
func (d *Directory) MaySendAs(ctx context.Context, userID int64, address string) (bool, error) {
	reached, err := d.reached(ctx, address)
	return slices.ContainsFunc(reached, func(r Recipient) bool { return r.is(userID) }), err
}

// TeamsAt are the teams among those to whom mail for the address goes. Who of their
// members may write from it is for package store to say.
func (d *Directory) TeamsAt(ctx context.Context, address string) (ids []int64, err error) {
	reached, err := d.reached(ctx, address)
	for _, r := range reached {
		if r.User != nil && r.User.Team {
			ids = append(ids, r.User.ID)
		}
	}
	return ids, err
}

func (r Recipient) is(userID int64) bool { return r.User != nil && r.User.ID == userID }

// IsPersonal reports whether mail to the address reaches the user and nobody else:
// it is not a group's, and no role's that somebody has to play.
func (d *Directory) IsPersonal(ctx context.Context, userID int64, address string) (bool, error) {
	if a, err := ParseAddress(address); err != nil || isRole(a.fold().Local) {
		return false, nil
	}
	reached, err := d.reached(ctx, address)
	return len(reached) == 1 && reached[0].is(userID), err
}

// reached are those to whom an address leads, whether they pass mail on or not; none
// for an address that leads nowhere.
func (d *Directory) reached(ctx context.Context, address string) ([]Recipient, error) {
	recipients, err := d.ResolveHere(ctx, address)
	switch {
	case errors.Is(err, ErrNotOurs), errors.Is(err, ErrNoSuchUser), errors.Is(err, ErrBadAddress), errors.As(err, new(*SwitchedOffError)):
		return nil, nil
	}
	return recipients, err
}

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

// maxAliasDepth is how many aliases may follow each other.
const maxAliasDepth = 10

// A Recipient is where mail for an address goes: to a user (User is set; Detail
// is what stood behind the separator) or elsewhere (Forward is set).
type Recipient struct {
	Address string // as asked for
	User    *User
	Detail  string
	Forward string
}

// Resolve says where mail for an address goes: user, plus-address, alias (also
// of aliases, with or without detail), catch-all, in this order; postmaster@ and
// abuse@ of our domains go to the first admin, or to the first user where there
// is none, when nothing else takes them; "postmaster" alone is the one of our
// first domain (RFC 5321 section 4.5.1). Each user and each address elsewhere is
// returned once. Targets of an alias that no longer exist are left out while
// others remain. ErrNotOurs, ErrNoSuchUser, ErrBadAddress; other errors are
// passing ones.
func (d *Directory) Resolve(ctx context.Context, address string) ([]Recipient, error) {
	var found []Recipient
	err := d.db.Read(ctx, func(c *database.Conn) (err error) {
		found, err = d.resolve(c, address)
		return err
	})
	return found, err
}

func (d *Directory) resolve(q querier, address string) ([]Recipient, error) {
	a, err := parseRecipient(q, address)
	if err != nil {
		return nil, err
	}
	if _, err := domainByName(q, a.Domain); err != nil {
		return nil, err
	}
	w := d.newWalk(q, address)
	found, err := w.follow(a, "")
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", a, err)
	}
	if !found {
		return nil, fmt.Errorf("%s: %w", a, ErrNoSuchUser)
	}
	return w.found, nil
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
// that leads to them, and what falls to them as catch-all.
func (d *Directory) MaySendAs(ctx context.Context, userID int64, address string) (bool, error) {
	recipients, err := d.Resolve(ctx, address)
	switch {
	case errors.Is(err, ErrNotOurs), errors.Is(err, ErrNoSuchUser), errors.Is(err, ErrBadAddress):
		return false, nil
	case err != nil:
		return false, err
	}
	return slices.ContainsFunc(recipients, func(r Recipient) bool { return r.User != nil && r.User.ID == userID }), nil
}

// An aliasKey is an alias' primary key, without the target.
type aliasKey struct {
	domain int64
	local  string
}

// A walk follows one address through the aliases.
type walk struct {
	d     *Directory
	q     querier
	asked string
	found []Recipient
	path  []aliasKey // from the address asked for to here
	done  map[aliasKey]bool
}

func (d *Directory) newWalk(q querier, asked string) *walk {
	return &walk{d: d, q: q, asked: asked, done: map[aliasKey]bool{}}
}

// follow adds where mail for a goes, and reports whether that is anywhere.
// detail is what stood behind the separator in the address that led here; a's
// own goes first.
func (w *walk) follow(a Address, detail string) (bool, error) {
	domain, err := domainByName(w.q, a.Domain)
	if errors.Is(err, ErrNotOurs) {
		w.add(Recipient{Forward: a.String()})
		return true, nil
	}
	if err != nil {
		return false, err
	}
	a = a.fold()
	readings := w.d.readings(a.Local, detail)
	for _, r := range readings {
		user, err := userByAddress(w.q, Address{r.local, a.Domain})
		if err == nil {
			w.add(Recipient{User: user, Detail: r.detail})
			return true, nil
		}
		if !errors.Is(err, ErrNoSuchUser) {
			return false, err
		}
	}
	for _, r := range append(readings, reading{local: catchAll}) {
		found, err := w.expand(aliasKey{domain.ID, r.local}, r.detail)
		if found || err != nil {
			return found, err
		}
	}
	return w.roleAddress(a.Local)
}

// A reading is one way to understand a local part.
type reading struct{ local, detail string }

// readings returns the local part as it is and, if it has the separator, as a
// name with detail.
func (d *Directory) readings(local, detail string) []reading {
	all := []reading{{local, detail}}
	base, own, plus := strings.Cut(local, d.separator)
	if own != "" {
		detail = own
	}
	if plus {
		all = append(all, reading{base, detail})
	}
	return all
}

// expand follows the targets of an alias, if there is one by that name.
func (w *walk) expand(key aliasKey, detail string) (found bool, err error) {
	if slices.Contains(w.path, key) {
		return false, fmt.Errorf("%s: %w", key.local, ErrLoop)
	}
	rows, err := w.q.Query(`SELECT target FROM alias WHERE domain = ? AND localpart = ? ORDER BY target`, key.domain, key.local)
	if err != nil {
		return false, fmt.Errorf("look up alias: %w", err)
	}
	targets, err := collect(rows, scanString)
	if err != nil || len(targets) == 0 || w.done[key] {
		return w.done[key], err
	}
	if len(w.path) == maxAliasDepth {
		return false, fmt.Errorf("more than %d aliases follow each other: %w", maxAliasDepth, ErrLoop)
	}
	w.path = append(w.path, key)
	for _, target := range targets {
		to, err := ParseAddress(target)
		if err != nil {
			return false, err
		}
		reached, err := w.follow(to, detail)
		if err != nil {
			return false, err
		}
		found = found || reached
	}
	w.path = w.path[:len(w.path)-1]
	w.done[key] = found
	return found, nil
}

// roleAddress finds who reads the addresses that every domain must have. The
// first admin is who was made user first, which does not change by itself.
func (w *walk) roleAddress(local string) (bool, error) {
	if local != "postmaster" && local != "abuse" { // RFC 5321 section 4.5.1, RFC 2142 section 4
		return false, nil
	}
	user, err := scanUser(w.q.QueryRow(`SELECT u.id, u.localpart, d.name, u.name, u.role, u.disabled, u.created_at
		FROM user u JOIN domain d ON d.id = u.domain ORDER BY u.role = 'admin' DESC, u.disabled, u.id LIMIT 1`))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up the first admin: %w", err)
	}
	w.add(Recipient{User: &user})
	return true, nil
}

// add keeps the first of equal recipients.
func (w *walk) add(r Recipient) {
	r.Address = w.asked
	same := func(other Recipient) bool {
		if r.User == nil || other.User == nil {
			return r.User == other.User && r.Forward == other.Forward
		}
		return r.User.ID == other.User.ID
	}
	if !slices.ContainsFunc(w.found, same) {
		w.found = append(w.found, r)
	}
}

package directory

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxAliasDepth is how many aliases may follow each other when one is added.
const maxAliasDepth = 10

// An aliasKey is an alias' primary key, without the target.
type aliasKey struct {
	domain int64
	local  string
}

// A walk follows one address through the aliases, and through what people pass on.
// Each is expanded once, so that the work is bounded whatever they are.
type walk struct {
	d       *Directory
	q       querier
	asked   string
	strict  bool // a circle and too long a way are errors
	found   []Recipient
	path    []aliasKey        // from the address asked for to here
	done    map[aliasKey]bool // whether it led anywhere
	passing bool              // mail that people pass on goes where they say
	off     *SwitchedOffError // a disposable address on the way is
	used    int64             // the disposable address on the way, 0 for none
	via     []*User           // who passes it on, from the address asked for to here
	passed  map[int64]bool    // users who pass mail on: true on the way to here, false when that was followed before
}

func (d *Directory) newWalk(q querier, asked string) *walk {
	return &walk{d: d, q: q, asked: asked, done: map[aliasKey]bool{}, passed: map[int64]bool{}}
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
	for i, r := range w.d.readings(a.Local, detail) {
		user, err := userByAddress(w.q, Address{r.local, a.Domain})
		if err == nil {
			return true, w.reach(user, r.detail)
		}
		if !errors.Is(err, ErrNoSuchUser) {
			return false, err
		}
		if found, err := w.expand(aliasKey{domain.ID, r.local}, r.detail); found || err != nil {
			return found, err
		}
		if i > 0 {
			continue
		}
		if is, found, err := w.disposable(domain.ID, a.Local); is || err != nil {
			return found, err
		}
	}
	if found, err := w.expand(aliasKey{domain.ID, catchAll}, detail); found || err != nil {
		return found, err
	}
	return w.roleAddress(a.Local)
}

// A reading is one way to understand a local part.
type reading struct{ local, detail string }

// maxReadings is in how many ways a local part is understood that has separators.
const maxReadings = 4

// readings returns the local part as it is and, where it has separators, as names
// with detail, the longest name first: who is called anna-maria is no Anna. Without a
// detail of its own a reading has the one that led here.
func (d *Directory) readings(local, detail string) []reading {
	all := []reading{{local, detail}}
	for at, r := range local {
		if at == 0 || !strings.ContainsRune(d.separators, r) {
			continue
		}
		own := local[at+1:]
		if own == "" {
			own = detail
		}
		all = slices.Insert(all, 1, reading{local[:at], own})
		if len(all) > maxReadings {
			break
		}
	}
	return all
}

// expand follows the targets of an alias, if there is one by that name.
func (w *walk) expand(key aliasKey, detail string) (found bool, err error) {
	if led, done := w.done[key]; done {
		return led, nil
	}
	if slices.Contains(w.path, key) || w.strict && len(w.path) > maxAliasDepth {
		return false, w.deadEnd()
	}
	targets, err := aliasTargets(w.q, key)
	if err != nil {
		return false, err
	}
	w.path = append(w.path, key)
	for _, to := range targets {
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

// deadEnd is an error only while an alias is added. Later a circle can come
// about by what is removed, and the mail of others must not suffer from it.
func (w *walk) deadEnd() error {
	if w.strict {
		return fmt.Errorf("%w, or more than %d follow each other", ErrLoop, maxAliasDepth)
	}
	return nil
}

func aliasTargets(q querier, key aliasKey) ([]Address, error) {
	rows, err := q.Query(`SELECT target FROM alias WHERE domain = ? AND localpart = ? ORDER BY target`, key.domain, key.local)
	if err != nil {
		return nil, fmt.Errorf("look up alias: %w", err)
	}
	return collect(rows, scanTarget)
}

func scanTarget(row scanner) (Address, error) {
	target, err := scanString(row)
	if err != nil {
		return Address{}, err
	}
	return ParseAddress(target)
}

// roleAddress finds who reads the addresses that every domain must have. The
// first admin is who was made user first, which does not change by itself.
func (w *walk) roleAddress(local string) (bool, error) {
	if !isRole(local) {
		return false, nil
	}
	user, err := scanUser(w.q.QueryRow(`SELECT ` + userColumns + `
		FROM user u JOIN domain d ON d.id = u.domain ORDER BY u.role = 'admin' DESC, u.kind, u.disabled, u.id LIMIT 1`))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up the first admin: %w", err)
	}
	w.add(Recipient{User: &user})
	return true, nil
}

// isRole is about addresses that every domain must have: RFC 5321 section 4.5.1,
// RFC 2142 section 4.
func isRole(local string) bool { return local == "postmaster" || local == "abuse" }

// add keeps the first of equal recipients.
func (w *walk) add(r Recipient) {
	r.Address, r.Via = w.asked, slices.Clone(w.via)
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

package directory

import (
	"context"
	"fmt"
	"slices"

	"letterbox/database"
)

// A Forward is where a user's mail goes on to. It is apart from the aliases: the
// address stays the user's, to sign in with and to write from.
type Forward struct {
	Address string // the user's
	Targets []string
	Keep    bool // a copy stays with the user
}

// maxForwards is to how many addresses one user may pass mail on.
const maxForwards = 10

// SetForward passes a user's mail on from now on, to these targets and no others;
// none at all ends it. ErrNoSuchUser for the user, or for a target of ours that
// leads nowhere; ErrLoop for the user's own address; ErrBadAddress.
func (d *Directory) SetForward(ctx context.Context, f Forward) error {
	if len(f.Targets) > maxForwards {
		return fmt.Errorf("forward %s: %d targets are too many; %d may be set", f.Address, len(f.Targets), maxForwards)
	}
	from, err := ParseAddress(f.Address)
	if err != nil {
		return fmt.Errorf("forward: %w", err)
	}
	return d.db.Write(ctx, func(tx *database.Tx) error {
		user, err := userByAddress(tx, from.fold())
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM forward WHERE user = ?`, user.ID); err != nil {
			return fmt.Errorf("forward %s: %w", user.Address, err)
		}
		for _, target := range f.Targets {
			if err := d.addForward(tx, user, target, f.Keep); err != nil {
				return fmt.Errorf("forward %s: %w", user.Address, err)
			}
		}
		return d.audit(ctx, tx, Event{Action: "forward.set", Subject: user.Address, Detail: fmt.Sprintf("%v keep=%t", f.Targets, f.Keep)})
	})
}

func (d *Directory) addForward(tx *database.Tx, user *User, target string, keep bool) error {
	to, err := d.forwardTarget(tx, user.ID, target)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO forward (user, target, keep) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, user.ID, to.String(), keep)
	return err
}

// forwardTarget reads where a user's mail is to go: anywhere but nowhere and back.
func (d *Directory) forwardTarget(q querier, userID int64, target string) (Address, error) {
	to, err := ParseAddress(target)
	if err != nil {
		return to, err
	}
	if to.Local == catchAll {
		return to, fmt.Errorf("%s: %w: a target is one mailbox", to, ErrBadAddress)
	}
	w := d.newWalk(q, to.String())
	found, err := w.follow(to, "")
	switch {
	case err != nil:
		return to, err
	case !found:
		return to, fmt.Errorf("%s: %w", to, ErrNoSuchUser)
	case slices.ContainsFunc(w.found, func(r Recipient) bool { return r.User != nil && r.User.ID == userID }):
		return to, fmt.Errorf("%s: %w: it is the same user", to, ErrLoop)
	}
	return canonicalTarget(q, to)
}

// Forwards lists who passes mail on, by address.
func (d *Directory) Forwards(ctx context.Context) ([]Forward, error) {
	var all []Forward
	err := d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT ` + forwardColumns + ` ORDER BY d.name, u.localpart, f.target`)
		if err != nil {
			return err
		}
		single, err := collect(rows, scanForward)
		all = groupForwards(single)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list who passes mail on: %w", err)
	}
	return all, nil
}

// groupForwards joins neighbours of one user.
func groupForwards(single []Forward) (all []Forward) {
	for _, f := range single {
		if n := len(all); n > 0 && all[n-1].Address == f.Address {
			all[n-1].Targets = append(all[n-1].Targets, f.Targets...)
			continue
		}
		all = append(all, f)
	}
	return all
}

const forwardColumns = `u.localpart, d.name, f.target, f.keep
	FROM forward f JOIN user u ON u.id = f.user JOIN domain d ON d.id = u.domain`

func scanForward(row scanner) (f Forward, err error) {
	var a Address
	var target string
	err = row.Scan(&a.Local, &a.Domain, &target, &f.Keep)
	f.Address, f.Targets = a.String(), []string{target}
	return f, err
}

// reach adds a user, or where the user passes mail on. Mail that would be passed on
// in a circle, or to nobody any more, stays where it is: none is lost over that.
func (w *walk) reach(user *User, detail string) error {
	own := Recipient{User: user, Detail: detail}
	here, before := w.passed[user.ID]
	if !w.passing || here {
		w.add(own)
		return nil
	}
	if before {
		return nil
	}
	rows, err := w.q.Query(`SELECT target, keep FROM forward WHERE user = ? ORDER BY target`, user.ID)
	if err != nil {
		return fmt.Errorf("look up where %s passes mail on: %w", user.Address, err)
	}
	keep := false
	targets, err := collect(rows, func(row scanner) (a Address, err error) {
		var target string
		if err := row.Scan(&target, &keep); err != nil {
			return a, err
		}
		return ParseAddress(target)
	})
	if err != nil {
		return err
	}
	w.passed[user.ID] = true
	defer func() { w.passed[user.ID] = false }()
	gone, err := w.passOn(user, targets)
	if err != nil {
		return err
	}
	if keep || !gone {
		w.add(own)
	}
	return nil
}

// passOn follows the targets of who passes mail on, and reports whether any leads
// somewhere.
func (w *walk) passOn(user *User, targets []Address) (gone bool, err error) {
	w.via = append(w.via, user)
	defer func() { w.via = w.via[:len(w.via)-1] }()
	for _, to := range targets {
		found, err := w.follow(to, "")
		if err != nil {
			return false, err
		}
		gone = gone || found
	}
	return gone, nil
}

package directory

import (
	"context"
	"fmt"

	"letterbox/database"
)

// ForwardOf is where a user's mail goes on to; no targets for one whose mail stays.
func (d *Directory) ForwardOf(ctx context.Context, userID int64) (f Forward, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		f, err = forwardsOf(c, userID)
		return err
	})
	return f, err
}

func forwardsOf(q querier, userID int64) (f Forward, err error) {
	rows, err := q.Query(`SELECT `+forwardColumns+` WHERE u.id = ? ORDER BY f.target`, userID)
	if err != nil {
		return f, fmt.Errorf("look up where user %d passes mail on: %w", userID, err)
	}
	single, err := collect(rows, scanForward)
	if err != nil || len(single) == 0 {
		return f, err
	}
	return groupForwards(single)[0], nil
}

// StopForward passes a user's mail on to an address no longer, or asks it no longer.
// ErrNoSuchAlias.
func (d *Directory) StopForward(ctx context.Context, userID int64, target string) error {
	return d.changeForward(ctx, userID, "forward.stop", target, func(tx *database.Tx) (int64, error) {
		result, err := tx.Exec(`DELETE FROM forward WHERE user = ? AND target = ?`, userID, target)
		if err != nil {
			return 0, err
		}
		active, err := result.RowsAffected()
		if err != nil {
			return 0, err
		}
		result, err = tx.Exec(`UPDATE forward_request SET hash = NULL WHERE user = ? AND target = ? AND hash IS NOT NULL`, userID, target)
		if err != nil {
			return 0, err
		}
		asked, err := result.RowsAffected()
		return active + asked, err
	})
}

// KeepForwarded lets a copy stay of what a user passes on, or none. ErrNoSuchAlias for
// one whose mail stays anyway.
func (d *Directory) KeepForwarded(ctx context.Context, userID int64, keep bool) error {
	return d.changeForward(ctx, userID, "forward.keep", fmt.Sprintf("keep=%t", keep), func(tx *database.Tx) (int64, error) {
		result, err := tx.Exec(`UPDATE forward SET keep = ? WHERE user = ?`, keep, userID)
		if err != nil {
			return 0, err
		}
		return result.RowsAffected()
	})
}

// changeForward changes at least one row of what a user passes on.
func (d *Directory) changeForward(ctx context.Context, userID int64, act, detail string, change func(*database.Tx) (int64, error)) error {
	return d.db.Write(ctx, func(tx *database.Tx) error {
		user, err := userByID(tx, userID)
		if err != nil {
			return err
		}
		n, err := change(tx)
		if err == nil && n == 0 {
			err = fmt.Errorf("%s: %w", detail, ErrNoSuchAlias)
		}
		if err != nil {
			return fmt.Errorf("forward %s: %w", user.Address, err)
		}
		return d.audit(ctx, tx, Event{Action: act, Subject: user.Address, Detail: detail})
	})
}

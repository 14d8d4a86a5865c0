package directory

import (
	"context"
	"fmt"

	"letterbox/database"
)

// SignIns returns what the audit log has of a user's sign-ins, newest first: the
// first from each peer and then one a day, and wrong passwords.
func (d *Directory) SignIns(ctx context.Context, address string, limit int) (events []Event, err error) {
	a, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	err = d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT at, actor, action, subject, remote, detail FROM audit
			WHERE subject = ? AND action GLOB 'signin.*' ORDER BY id DESC LIMIT ?`, a.fold().String(), limit)
		if err != nil {
			return err
		}
		events, err = collect(rows, scanEvent)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list sign-ins: %w", err)
	}
	return events, nil
}

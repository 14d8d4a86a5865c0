package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/store"
)

type userList struct{ listFlags }

// userRecord is one line of the list as programs see it.
type userRecord struct {
	Address       string `json:"address"`
	Name          string `json:"name"`
	Disabled      bool   `json:"disabled"`
	Created       string `json:"created"`
	Messages      int64  `json:"messages"`
	Bytes         int64  `json:"bytes"`
	LimitMessages int64  `json:"limit_messages"` // 0: any
	LimitBytes    int64  `json:"limit_bytes"`    // 0: any

	Mailboxes      int64 `json:"mailboxes"`
	LimitMailboxes int64 `json:"limit_mailboxes"` // 0: any
}

func (c *userList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	users, err := d.Directory.Users(ctx)
	if err != nil {
		return err
	}
	records := []userRecord{}
	t := &table{
		header: []string{"ADDRESS", "NAME", "MESSAGES", "SIZE", "QUOTA", "SINCE"},
		empty:  "No user yet. Add one: letterbox user add ADDRESS",
	}
	for _, user := range users {
		r, err := recordUser(ctx, d, user)
		if err != nil {
			return fmt.Errorf("%s: %w", user.Address, err)
		}
		records = append(records, r)
		name, limit := user.Name, "-"
		if user.Disabled {
			name += " (disabled)"
		}
		if r.LimitBytes > 0 {
			limit = size(r.LimitBytes)
		}
		t.add(user.Address, name, fmt.Sprint(r.Messages), size(r.Bytes), limit, moment(user.Created))
	}
	return c.print(stdio.Out, records, t)
}

func recordUser(ctx context.Context, d *appliance.Data, user directory.User) (userRecord, error) {
	account := store.AccountID(user.ID)
	if err := d.Store.EnsureAccount(ctx, account); err != nil {
		return userRecord{}, err
	}
	usage, limit, err := d.Store.Usage(ctx, account)
	return userRecord{
		Address:       user.Address,
		Name:          user.Name,
		Disabled:      user.Disabled,
		Created:       stamp(user.Created),
		Messages:      usage.Messages,
		Bytes:         usage.Bytes,
		LimitMessages: limit.Messages,
		LimitBytes:    limit.Bytes,

		Mailboxes:      usage.Mailboxes,
		LimitMailboxes: limit.Mailboxes,
	}, err
}

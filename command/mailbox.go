package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/store"
)

type mailboxCmd struct {
	List mailboxList `cmd:"" help:"List somebody's mailboxes."`
	Set  mailboxSet  `cmd:"" help:"Change how a mailbox behaves."`

	Retention mailboxRetention `cmd:"" help:"Show or change when old messages are removed by themselves."`
}

type mailboxList struct {
	listFlags
	Address string `arg:"" help:"Whose."`
}

type mailboxRecord struct {
	Name        string `json:"name"`
	SpecialUse  string `json:"special_use"`
	Messages    uint32 `json:"messages"`
	Unseen      uint32 `json:"unseen"`
	Bytes       int64  `json:"bytes"`
	AppendLimit int64  `json:"append_limit"` // 0: the server's
	OwnSeen     bool   `json:"own_seen"`
}

func (c *mailboxList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	account, err := accountOf(ctx, d, c.Address)
	if err != nil {
		return err
	}
	list, _, err := d.Store.Mailboxes(ctx, account)
	if err != nil {
		return err
	}
	records := []mailboxRecord{}
	t := &table{header: []string{"MAILBOX", "MESSAGES", "UNREAD", "SIZE", "APPEND LIMIT"}, empty: "No mailbox."}
	for _, m := range list {
		records = append(records, mailboxRecord{m.Name, string(m.SpecialUse), m.Messages, m.Unseen, m.Bytes, m.AppendLimit, m.OwnSeen})
		limit := "-"
		if m.AppendLimit > 0 {
			limit = size(m.AppendLimit)
		}
		t.add(m.Name, fmt.Sprint(m.Messages), fmt.Sprint(m.Unseen), size(m.Bytes), limit)
	}
	return c.print(stdio.Out, records, t)
}

// accountOf finds the mail that is reached at an address.
func accountOf(ctx context.Context, d *appliance.Data, address string) (store.AccountID, error) {
	user, err := d.Directory.User(ctx, address)
	if err != nil {
		return 0, err
	}
	account := store.AccountID(user.ID)
	return account, d.Store.EnsureAccount(ctx, account)
}

type mailboxSet struct {
	Address     string          `arg:"" help:"Whose."`
	Mailbox     string          `arg:"" help:"Which."`
	Seen        string          `enum:"shared,own," default:"" placeholder:"shared|own" help:"Whether those who share the mailbox have one mark for what was read (shared), or each their own."`
	AppendLimit *appliance.Size `placeholder:"SIZE" help:"The largest message that mail clients may put into it; 0 for the appliance's limit."`
}

func (c *mailboxSet) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	account, err := accountOf(ctx, d, c.Address)
	if err != nil {
		return err
	}
	if c.AppendLimit != nil {
		if err := d.Store.SetAppendLimit(ctx, account, c.Mailbox, int64(*c.AppendLimit)); err != nil {
			return err
		}
	}
	if c.Seen != "" {
		if err := d.Store.SetOwnSeen(ctx, account, c.Mailbox, c.Seen == "own"); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdio.Out, "%s of %s changed.\n", c.Mailbox, c.Address)
	return nil
}

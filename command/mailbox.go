package command

import (
	"context"
	"errors"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
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
	LimitBytes  int64  `json:"limit_bytes"`  // 0: what the account may hold, as below
	LimitCount  int64  `json:"limit_messages"`
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
	t := &table{header: []string{"MAILBOX", "MESSAGES", "UNREAD", "SIZE", "QUOTA", "MOST", "APPEND LIMIT"}, empty: "No mailbox."}
	for _, m := range list {
		records = append(records, mailboxRecord{m.Name, string(m.SpecialUse), m.Messages, m.Unseen, m.Bytes, m.AppendLimit, m.Limit.Bytes, m.Limit.Messages, m.OwnSeen})
		most := "-"
		if m.Limit.Messages > 0 {
			most = fmt.Sprint(m.Limit.Messages)
		}
		t.add(m.Name, fmt.Sprint(m.Messages), fmt.Sprint(m.Unseen), size(m.Bytes), limitText(m.Limit.Bytes), most, limitText(m.AppendLimit))
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
	Quota       *appliance.Size `placeholder:"SIZE" help:"How much it may hold, beside what its owner may; 0 for any."`
	Messages    *int64          `placeholder:"N" help:"How many messages it may hold; 0 for any."`
	AppendLimit *appliance.Size `placeholder:"SIZE" help:"The largest message that mail clients may put into it; 0 for the appliance's limit."`
}

func (c *mailboxSet) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	account, err := accountOf(ctx, d, c.Address)
	if err != nil {
		return err
	}
	if err := c.setLimit(ctx, d, account); err != nil {
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

func (c *mailboxSet) setLimit(ctx context.Context, d *appliance.Data, account store.AccountID) error {
	if c.Quota == nil && c.Messages == nil {
		return nil
	}
	box, err := d.Store.Mailbox(ctx, account, c.Mailbox)
	if err != nil {
		return err
	}
	limit := box.Limit
	if c.Quota != nil {
		limit.Bytes = int64(*c.Quota)
	}
	if c.Messages != nil {
		limit.Messages = *c.Messages
	}
	if limit.Messages < 0 {
		return errors.New("a mailbox cannot hold fewer than no messages; write 0 for any number")
	}
	if err := d.Store.SetMailboxLimit(ctx, account, box.Name, limit); err != nil {
		return err
	}
	return d.Directory.Record(ctx, directory.Event{Action: "mailbox.quota", Subject: c.Address, Detail: box.Name + ": " + limit.String()})
}

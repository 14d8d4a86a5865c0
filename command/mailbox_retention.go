package command

import (
	"context"
	"fmt"
	"time"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/store"
)

type mailboxRetention struct {
	listFlags
	Address string  `arg:"" help:"Whose."`
	Mailbox string  `arg:"" optional:"" help:"Which. Default: list all."`
	Days    *string `placeholder:"N" help:"Remove what has been in it for longer than so many days; 'never' to keep everything, 'default' for what the configuration says (mail.junk_days, mail.trash_days)."`
}

func (*mailboxRetention) Help() string {
	return "The list says what will go, before it does: the owner is told a week before a rule acts for the first time. What is flagged stays, and what was removed can be brought back (letterbox undelete)."
}

type retentionRecord struct {
	Mailbox  string `json:"mailbox"`
	Days     int    `json:"days"` // 0: everything stays
	Own      bool   `json:"own"`
	Due      int64  `json:"due"`
	DueBytes int64  `json:"due_bytes"`
	Next     string `json:"next"`
	Told     string `json:"told"`
}

func (c *mailboxRetention) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	account, err := accountOf(ctx, d, c.Address)
	if err != nil {
		return err
	}
	if c.Days != nil {
		if err := c.set(ctx, d, account); err != nil {
			return err
		}
	}
	rules, err := d.Store.Retentions(ctx, account, d.Config.Mail.Retention(), time.Now())
	if err != nil {
		return err
	}
	records := []retentionRecord{}
	t := &table{header: []string{"MAILBOX", "DAYS", "SET BY", "DUE", "SIZE", "NEXT"}, empty: "No such mailbox."}
	for _, r := range rules {
		if c.Mailbox != "" && c.Mailbox != r.Mailbox.Name {
			continue
		}
		records = append(records, retentionRecord{r.Mailbox.Name, r.Days, r.Own, r.Due.Messages, r.Due.Bytes, stamp(r.Next), stamp(r.Told)})
		t.add(retentionRow(r)...)
	}
	return c.print(stdio.Out, records, t)
}

func retentionRow(r store.Retention) []string {
	by := "-"
	switch {
	case r.Own:
		by = "its owner"
	case r.Days > 0:
		by = "the configuration"
	}
	if r.Days == 0 {
		return []string{r.Mailbox.Name, "never", by, "-", "-", "-"}
	}
	next := r.Next
	if r.Due.Messages > 0 {
		next = r.Acts(time.Now())
	}
	return []string{r.Mailbox.Name, fmt.Sprint(r.Days), by, fmt.Sprint(r.Due.Messages), size(r.Due.Bytes), moment(next)}
}

func (c *mailboxRetention) set(ctx context.Context, d *appliance.Data, account store.AccountID) error {
	if c.Mailbox == "" {
		return fmt.Errorf("name the mailbox whose retention is to be %q", *c.Days)
	}
	box, err := d.Store.Mailbox(ctx, account, c.Mailbox)
	if err != nil {
		return err
	}
	c.Mailbox = box.Name
	entry := store.Annotation{Name: store.RetentionEntry, Value: []byte(*c.Days)}
	if *c.Days == "default" {
		entry.Value = nil
	}
	if err := d.Store.SetMetadata(ctx, box.ID, account, []store.Annotation{entry}); err != nil {
		return err
	}
	return d.Directory.Record(ctx, directory.Event{Action: "mailbox.retention", Subject: c.Address, Detail: box.Name + ": " + *c.Days})
}

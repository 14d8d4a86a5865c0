package command

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/appliance"
	"letterbox/control"
	"letterbox/quota"
	"letterbox/store"
)

// shownWeights is how many lines of each list people see; programs get all.
const shownWeights = 5

// A weightRecord is what something takes.
type weightRecord struct {
	Name     string `json:"name"`
	Messages int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
}

type heavyRecord struct {
	Mailbox  string `json:"mailbox"`
	UID      uint32 `json:"uid"`
	Bytes    int64  `json:"bytes"`
	Received string `json:"received"`
	Sender   string `json:"sender"`
	Subject  string `json:"subject"`
}

// An accountRecord is a usageRecord with what makes it heavy.
type accountRecord struct {
	usageRecord
	Folders     []weightRecord `json:"folders"`
	Senders     []weightRecord `json:"senders"`
	Recent      []weightRecord `json:"recent_senders"`
	Attachments []weightRecord `json:"attachment_types"`
	Duplicates  []weightRecord `json:"duplicate_attachments"`
	Largest     []heavyRecord  `json:"largest_messages"`
	Free        []weightRecord `json:"could_be_freed"`
}

// one looks into somebody's mail.
func (c *usageCmd) one(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.Address)
	if err != nil {
		return err
	}
	account := store.AccountID(user.ID)
	if err := d.Store.EnsureAccount(ctx, account); err != nil {
		return err
	}
	shares, err := d.Store.DiskShares(ctx)
	if err != nil {
		return err
	}
	usage, forecast, known, err := recordUsage(ctx, d, user, shares)
	if err != nil {
		return err
	}
	now := time.Now()
	w, err := d.Store.Weigh(ctx, account, now.AddDate(0, 0, -c.Days))
	if err != nil {
		return err
	}
	rules, err := d.Store.Retentions(ctx, account, d.Config.Mail.Retention(), now)
	if err != nil {
		return err
	}
	r := accountRecord{
		usage, weights(w.Folders), weights(w.Senders), weights(w.Recent), weights(w.Attachments), weights(w.Duplicates),
		heavy(w.Messages), weights(couldGo(rules, w)),
	}
	if c.JSON {
		return c.print(stdio.Out, r, nil)
	}
	c.tellUsage(stdio.Out, &r, forecast, known)
	return nil
}

func weights(list []store.Weight) []weightRecord {
	records := []weightRecord{}
	for _, w := range list {
		records = append(records, weightRecord(w))
	}
	return records
}

func heavy(list []store.Heavy) []heavyRecord {
	records := []heavyRecord{}
	for _, m := range list {
		records = append(records, heavyRecord{m.Mailbox, uint32(m.UID), m.Size, stamp(m.Received), m.Sender, headerText(m.Header, "Subject")})
	}
	return records
}

// couldGo is what nobody would miss.
func couldGo(rules []store.Retention, w store.Weights) (list []store.Weight) {
	for _, r := range rules {
		m := r.Mailbox
		switch m.SpecialUse {
		case imap.MailboxAttrJunk, imap.MailboxAttrTrash:
			if m.Messages > 0 {
				list = append(list, store.Weight{Name: "empty " + m.Name, Messages: int64(m.Messages), Bytes: m.Bytes})
			}
		}
		if m.Deleted > 0 {
			list = append(list, store.Weight{Name: "expunge what is marked as deleted in " + m.Name, Messages: int64(m.Deleted), Bytes: m.DeletedBytes})
		}
	}
	var twice store.Weight
	for _, dup := range w.Duplicates {
		twice.Messages, twice.Bytes = twice.Messages+dup.Messages, twice.Bytes+dup.Bytes
	}
	if twice.Name = "attachments of the same name and length, but for one each"; twice.Messages > 0 {
		list = append(list, twice)
	}
	return list
}

func (c *usageCmd) tellUsage(out io.Writer, r *accountRecord, f quota.Forecast, known bool) {
	limit := "without a quota"
	if r.LimitBytes > 0 {
		limit = fmt.Sprintf("of %s", size(r.LimitBytes))
	}
	fmt.Fprintf(out, "%s holds %s, %s %s; on the disk that is %s.\n", r.Address, plural(r.Messages, "message"), size(r.Bytes), limit, size(r.Disk))
	growth, full := tellForecast(f, known)
	fmt.Fprintf(out, "Growth in a month: %s. Full at this rate: %s.\n", growth, full)
	for _, list := range []struct {
		title string
		rows  []weightRecord
	}{
		{"Could be freed", r.Free}, {"Folders", r.Folders}, {"Senders", r.Senders},
		{fmt.Sprintf("Senders in the last %d days", c.Days), r.Recent}, {"Attachments", r.Attachments}, {"The same attachment again", r.Duplicates},
	} {
		if len(list.rows) == 0 {
			continue
		}
		fmt.Fprintf(out, "\n%s:\n", list.title)
		for _, w := range list.rows[:min(len(list.rows), shownWeights)] {
			name := printable(w.Name)
			if name == "" {
				name = "(nobody)"
			}
			fmt.Fprintf(out, "  %9s  %6d  %s\n", size(w.Bytes), w.Messages, name)
		}
	}
	if len(r.Largest) == 0 {
		return
	}
	fmt.Fprint(out, "\nThe largest messages:\n")
	for _, m := range r.Largest[:min(len(r.Largest), shownWeights)] {
		fmt.Fprintf(out, "  %9s  %s, uid %d: %s, %s\n", size(m.Bytes), printable(m.Mailbox), m.UID, printable(m.Sender), short(m.Subject, 50))
	}
}

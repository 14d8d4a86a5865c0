package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/message"
	"letterbox/store"
)

type undeleteCmd struct {
	List    undeleteList    `cmd:"" help:"List what can be brought back, the latest first."`
	Restore undeleteRestore `cmd:"" help:"Bring messages back to the mailboxes that they were in."`
}

type undeleteList struct {
	listFlags
	Address string `arg:"" help:"Whose."`
	Mailbox string `help:"Only what was in this mailbox."`
	Before  int64  `help:"Only what stands below this number in the list: for the next page."`
	Limit   int    `default:"100" help:"How many at most."`
}

type removedRecord struct {
	ID       int64  `json:"id"`
	Mailbox  string `json:"mailbox"`
	From     string `json:"from"`
	Subject  string `json:"subject"`
	Received string `json:"received"`
	Removed  string `json:"removed"`
	Bytes    int64  `json:"bytes"`
}

func (c *undeleteList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	account, err := accountOf(ctx, d, c.Address)
	if err != nil {
		return err
	}
	if c.Limit < 1 {
		return errors.New("--limit: write 1 or more")
	}
	list, err := d.Store.Removed(ctx, account, c.Mailbox, c.Before, c.Limit)
	if err != nil {
		return err
	}
	records := []removedRecord{}
	t := &table{header: []string{"ID", "REMOVED", "MAILBOX", "FROM", "SUBJECT", "SIZE"}, empty: "Nothing can be brought back."}
	for _, r := range list {
		from, subject := headerText(r.Header, "From"), headerText(r.Header, "Subject")
		records = append(records, removedRecord{r.ID, r.Mailbox, from, subject, stamp(r.Received), stamp(r.Removed), r.Size})
		t.add(fmt.Sprint(r.ID), moment(r.Removed), r.Mailbox, short(from, 30), short(subject, 40), size(r.Size))
	}
	return c.print(stdio.Out, records, t)
}

// headerText is a header field as people read it.
func headerText(header []byte, name string) string {
	text, _ := message.AppendHeaderText(nil, header, name)
	return printable(string(text))
}

// printable keeps what a stranger wrote from moving the cursor.
func printable(text string) string {
	clean := func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}
	return strings.Join(strings.Fields(strings.Map(clean, text)), " ")
}

// short cuts a text for a column.
func short(text string, width int) string {
	letters := []rune(text)
	if len(letters) <= width {
		return text
	}
	return string(letters[:width-1]) + "…"
}

type undeleteRestore struct {
	Address string  `arg:"" help:"Whose."`
	IDs     []int64 `arg:"" optional:"" help:"Which, by their numbers in the list."`
	All     bool    `help:"All that can be brought back."`
}

func (c *undeleteRestore) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	account, err := accountOf(ctx, d, c.Address)
	if err != nil {
		return err
	}
	if c.All == (len(c.IDs) > 0) {
		return errors.New("say which: numbers from 'letterbox undelete list', or --all")
	}
	done, err := d.Store.Restore(ctx, account, c.IDs)
	describeRestored(stdio, done)
	return err
}

func describeRestored(stdio control.Stdio, done store.Restored) {
	where := ""
	if len(done.Mailboxes) > 0 {
		where = " to " + strings.Join(done.Mailboxes, ", ")
	}
	fmt.Fprintf(stdio.Out, "%s brought back%s.\n", plural(done.Messages, "message"), where)
}

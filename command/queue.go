package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/queue"
)

type queueCmd struct {
	List  queueList  `cmd:"" help:"List the mail that is to leave."`
	Show  queueShow  `cmd:"" help:"Show how far a message is, and what the other side said."`
	Retry queueRetry `cmd:"" help:"Try a message now, also one that was held."`
	Hold  queueHold  `cmd:"" help:"Keep a message back until it is retried or dropped."`
	Drop  queueDrop  `cmd:"" help:"Throw a message out of the queue. Nobody is told."`
	Thaw  queueThaw  `cmd:"" help:"Let a user send again who was frozen for writing to far more strangers than ever."`
}

type queueList struct{ listFlags }

// A queueRecord is a message in JSON.
type queueRecord struct {
	ID         int64             `json:"id"`
	Created    string            `json:"created"`
	Sender     string            `json:"sender"`
	Bytes      int64             `json:"bytes"`
	Recipients []recipientRecord `json:"recipients"`
}

type recipientRecord struct {
	Address  string `json:"address"`
	State    string `json:"state"` // waiting, held, sent, failed
	Attempts int    `json:"attempts"`
	Next     string `json:"next"`  // of the next attempt
	Last     string `json:"last"`  // of the last one
	Host     string `json:"host"`  // that answered
	Reply    string `json:"reply"` // its words
	Meaning  string `json:"meaning"`
	ToDo     string `json:"to_do"`
	Link     string `json:"link"`
}

func newQueueRecord(item queue.Item) queueRecord {
	r := queueRecord{item.ID, stamp(item.Created), item.Sender, item.Size, []recipientRecord{}}
	for _, s := range item.Progress {
		r.Recipients = append(r.Recipients, recipientRecord{
			s.Address, s.State, s.Attempts, stamp(s.Next), stamp(s.Last), s.Host, s.Reply.String(),
			s.Explained.Text, s.Explained.Do, s.Explained.Link,
		})
	}
	return r
}

func (c *queueList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	items, err := d.Queue.List(ctx)
	if err != nil {
		return err
	}
	records := []queueRecord{}
	t := &table{header: []string{"ID", "SINCE", "FROM", "TO", "SIZE", "STATE"}, empty: "The queue is empty."}
	for _, item := range items {
		records = append(records, newQueueRecord(item))
		var to []string
		for _, s := range item.Progress {
			to = append(to, s.Address)
		}
		t.add(fmt.Sprint(item.ID), moment(item.Created), "<"+item.Sender+">", strings.Join(to, ", "), size(item.Size), queueState(item))
	}
	return c.print(stdio.Out, records, t)
}

// queueState sums up the recipients who are not done.
func queueState(item queue.Item) string {
	word := "done"
	for _, s := range item.Progress {
		switch {
		case s.State == "held":
			return "held"
		case s.State != "waiting":
		case s.Attempts == 0:
			word = "new"
		default:
			word = "waits: " + s.Explained.Text
		}
	}
	return word
}

type queueShow struct {
	ID int64 `arg:"" help:"Its number in 'letterbox queue list'."`
	listFlags
}

func (c *queueShow) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	item, err := d.Queue.Show(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("show %d: %w", c.ID, err)
	}
	if c.JSON {
		return c.print(stdio.Out, newQueueRecord(*item), nil)
	}
	fmt.Fprintf(stdio.Out, "Message %d from <%s>, %s, since %s\n", item.ID, item.Sender, size(item.Size), moment(item.Created))
	for _, s := range item.Progress {
		describeRecipient(stdio.Out, s)
	}
	return nil
}

func describeRecipient(w io.Writer, s queue.RecipientState) {
	fmt.Fprintf(w, "\n%s: %s, %s\n", s.Address, s.State, plural(s.Attempts, "attempt"))
	if !s.Last.IsZero() {
		fmt.Fprintf(w, "  last tried:  %s\n  answer:      %s\n", moment(s.Last), s.Reply)
		if s.Host != "" {
			fmt.Fprintf(w, "  by:          %s\n", s.Host)
		}
		fmt.Fprintf(w, "  that means:  %s\n  what to do:  %s\n", s.Explained.Text, s.Explained.Do)
		if s.Explained.Link != "" {
			fmt.Fprintf(w, "  more:        %s\n", s.Explained.Link)
		}
	}
	if s.State == "waiting" {
		fmt.Fprintf(w, "  next try:    %s\n", moment(s.Next))
	}
}

type queueRetry struct {
	ID  int64 `arg:"" optional:"" help:"Its number in 'letterbox queue list'."`
	All bool  `help:"Everything that waits. What is held stays held."`
}

func (c *queueRetry) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	switch {
	case c.All == (c.ID != 0):
		return fmt.Errorf("name one message, or --all")
	case c.All:
		if err := d.Queue.RetryAll(ctx); err != nil {
			return err
		}
		fmt.Fprintln(stdio.Out, "Everything that waits is tried now.")
		return nil
	}
	if err := d.Queue.Retry(ctx, c.ID); err != nil {
		return fmt.Errorf("retry %d: %w", c.ID, err)
	}
	fmt.Fprintf(stdio.Out, "Message %d is tried now.\n", c.ID)
	return nil
}

type queueHold struct {
	ID int64 `arg:"" help:"Its number in 'letterbox queue list'."`
}

func (c *queueHold) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Queue.Hold(ctx, c.ID); err != nil {
		return fmt.Errorf("hold %d: %w", c.ID, err)
	}
	fmt.Fprintf(stdio.Out, "Message %d is held. To let it go: letterbox queue retry %[1]d\n", c.ID)
	return nil
}

type queueDrop struct {
	ID int64 `arg:"" help:"Its number in 'letterbox queue list'."`
}

func (c *queueDrop) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Queue.Drop(ctx, c.ID); err != nil {
		return fmt.Errorf("drop %d: %w", c.ID, err)
	}
	fmt.Fprintf(stdio.Out, "Message %d dropped.\n", c.ID)
	return nil
}

type queueThaw struct {
	Address string `arg:"" help:"The user's."`
}

func (c *queueThaw) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.Address)
	if err != nil {
		return err
	}
	if err := d.Queue.Thaw(ctx, user.ID); errors.Is(err, queue.ErrNotFound) {
		return fmt.Errorf("%s is not frozen", user.Address)
	} else if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s may send again. What was held stays held: see 'letterbox queue list'.\n", user.Address)
	return nil
}

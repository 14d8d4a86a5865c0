package command

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"letterbox/appliance"
	"letterbox/control"
)

type queueCmd struct {
	List queueList `cmd:"" help:"List the mail that is to leave. This version keeps it and does not send it yet."`
	Drop queueDrop `cmd:"" help:"Throw a message out of the queue."`
}

type queueList struct{ listFlags }

func (c *queueList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	items, err := d.Queue.List(ctx)
	if err != nil {
		return err
	}
	type record struct {
		ID         int64             `json:"id"`
		Created    string            `json:"created"`
		Sender     string            `json:"sender"`
		Recipients map[string]string `json:"recipients"` // address to state
		Bytes      int64             `json:"bytes"`
	}
	records := []record{}
	t := &table{header: []string{"ID", "SINCE", "FROM", "TO", "SIZE"}, empty: "The queue is empty."}
	for _, item := range items {
		records = append(records, record{item.ID, stamp(item.Created), item.Sender, item.States, item.Size})
		to := strings.Join(slices.Sorted(maps.Keys(item.States)), ", ")
		t.add(fmt.Sprint(item.ID), moment(item.Created), "<"+item.Sender+">", to, size(item.Size))
	}
	return c.print(stdio.Out, records, t)
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

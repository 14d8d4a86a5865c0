package command

import (
	"context"
	"time"

	"letterbox/appliance"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/queue"
	"letterbox/quota"
	"letterbox/store"
	"letterbox/trace"
)

// wish sets what the two want of their mail: further addresses, addresses for one
// purpose, a limit, and that who writes to Ben learns that he is away.
func wish(ctx context.Context, d *appliance.Data, anna, ben *directory.User, now time.Time) error {
	if err := d.Directory.AddAlias(ctx, "hello@"+demoDomain, anna.Address); err != nil {
		return err
	}
	if _, err := d.Directory.AddDisposable(ctx, anna.ID, "Slot & Flap, the shop"); err != nil {
		return err
	}
	lottery, err := d.Directory.AddDisposable(ctx, anna.ID, "A prize draw at the fair")
	if err != nil {
		return err
	}
	if err := d.Directory.SwitchDisposable(ctx, anna.ID, lottery.Address, true); err != nil {
		return err
	}
	if err := d.Store.SetLimit(ctx, store.AccountID(anna.ID), quota.Limit{Bytes: 12e6}); err != nil {
		return err
	}
	return d.Directory.SetVacation(ctx, ben.ID, directory.Vacation{
		On: true, First: now.Format(time.DateOnly), Last: now.AddDate(0, 0, 14).Format(time.DateOnly),
		Text: "I am on Naxos until the end of next week, and read no mail.\n\nBen\n",
	})
}

// leaveWaiting puts a message of Anna's into the queue. It waits: no mail leaves the demo.
func leaveWaiting(ctx context.Context, d *appliance.Data, anna *directory.User, now time.Time) error {
	const to = "theodora@example.com"
	e := delivery.Envelope{
		ID: "demo-waiting", Sender: anna.Address, For: to, Protocol: "ESMTPSA", User: anna, Received: now.Add(-20 * time.Minute),
	}
	d.Journal.Record(trace.Event{
		Trace: e.ID, At: e.Received, Kind: trace.Received, Account: anna.ID, Sender: e.Sender, Protocol: e.Protocol, Size: 150,
	})
	raw := "From: Anna Berg <" + anna.Address + ">\r\nTo: Theodora <" + to + ">\r\nSubject: A short answer\r\n\r\nDear Theodora,\r\n\r\nyes.\r\n\r\nAnna\r\n"
	return d.Queue.Accept(ctx, e, []byte(raw), nil, &queue.Message{
		Account: anna.ID, Sender: anna.Address, Recipients: []queue.Recipient{{Address: to}},
	})
}

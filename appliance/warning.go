package appliance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterbox/phrase"
	"letterbox/quota"
	"letterbox/store"
)

// quotaCrossed runs on the writer's goroutine: it says the least and at once.
// The account's owner is told behind.
func (d *Data) quotaCrossed(a store.AccountID, c quota.Crossing) {
	d.Log.Warn("quota threshold reached", "account", int64(a), "percent", c.Percent,
		"resource", c.Name, "used", c.Used, "limit", c.Limit)
	select {
	case d.crossed <- struct{}{}:
	default: // it was said already that there is somebody to be told
	}
}

// tellQuotas tells people that their mailboxes are filling up, as soon as it is
// so, and looks now and then who is full, for the findings. What was owed when the
// last process ended is paid first.
func (a *Appliance) tellQuotas(ctx context.Context, d *Data) error {
	tick := time.NewTicker(fullnessEvery)
	defer tick.Stop()
	for {
		if err := d.lookForFull(ctx, time.Now()); err != nil && ctx.Err() == nil {
			d.Log.Error("it is not known who is full", "error", err)
		}
		if err := d.warnAll(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("people were not told how full their mailboxes are; it is tried again in the night", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.crossed:
		case <-tick.C:
		}
	}
}

// warnAll tells everybody who is yet to hear of a threshold. That it was said is
// kept in the transaction that says it.
func (d *Data) warnAll(ctx context.Context) error {
	d.warning.Lock()
	defer d.warning.Unlock()
	owed, err := d.Store.Warnings(ctx)
	for _, w := range owed {
		if failed := d.warn(ctx, w); failed != nil {
			err = errors.Join(err, fmt.Errorf("warn account %d: %w", w.Account, failed))
		}
	}
	return err
}

// warn puts a message into somebody's INBOX.
func (d *Data) warn(ctx context.Context, w store.Warning) error {
	user, err := d.Directory.UserByID(ctx, int64(w.Account))
	if err != nil {
		return err
	}
	boxes, _, err := d.Store.Mailboxes(ctx, w.Account)
	if err != nil {
		return err
	}
	inbox, err := d.Store.Mailbox(ctx, w.Account, "INBOX")
	if err != nil {
		return err
	}
	now := time.Now()
	notice := quotaNotice(phrase.In(user.Language), w.Crossing, boxes)
	_, err = d.Store.Append(ctx, store.Batch{
		Messages: []store.NewMessage{{Mailbox: inbox.ID, Raw: notice.compose(d.Config.Hostname, user, now), Received: now}},
		Warns:    w.Percent,
	})
	if err == nil {
		d.Log.InfoContext(ctx, "quota warning delivered", "account", user.Address, "percent", w.Percent)
	}
	return err
}

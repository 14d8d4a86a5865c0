package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"letterbox/appliance"
	"letterbox/demo"
	"letterbox/history"
	"letterbox/quota"
	"letterbox/store"
	"letterbox/watch"
)

// pastDays is how much of the demo's past the pages have figures of.
const pastDays = 60

// A past is what the demo has behind it when it begins. It is gone through step by
// step: mail comes to lie where it lies, and what an appliance notes meanwhile is
// noted, so that the pages have figures, growth and traces to show.
type past struct {
	*appliance.Data
	accounts map[string]store.AccountID // by the local part
	coming   []demo.Message             // the oldest first
	levels   map[string]int64           // by series
	free     int64                      // bytes on the disk before it all
	traced   map[string]bool            // by Message-ID: it is noted how it came
}

// live goes through the past up to now.
func live(ctx context.Context, d *appliance.Data, accounts map[string]store.AccountID, now time.Time) error {
	mail := demo.Mail(demoDomain, now)
	slices.SortStableFunc(mail, func(a, b demo.Message) int { return a.Received.Compare(b.Received) })
	free, err := d.RoomForMail()
	if err != nil {
		return err
	}
	p := &past{
		Data: d, accounts: accounts, coming: mail, free: free,
		levels: map[string]int64{watch.Storage: 0, watch.Queue: 0}, traced: map[string]bool{},
	}
	began := now.AddDate(0, 0, -pastDays)
	if err := p.receive(ctx, began, now); err != nil {
		return err
	}
	step, pace := history.Hour, 6*time.Hour
	for at := began; at.Before(now); at = at.Add(pace) {
		if now.Sub(at) <= 48*time.Hour { // as far back as there are figures by the minute
			step, pace = history.Minute, 20*time.Minute
		}
		before := len(p.coming)
		if err := p.receive(ctx, at, now); err != nil {
			return err
		}
		counts := map[string]int64{watch.In: int64(before - len(p.coming))}
		if err := p.Watch.History.Write(ctx, at, step, history.Figures{Levels: p.levels, Counts: counts}); err != nil {
			return err
		}
		if quota.DayOf(at.Add(pace)) == quota.DayOf(at) {
			continue
		}
		if err := p.Store.RecordUsage(ctx, at); err != nil {
			return err
		}
	}
	p.traceStrays(now)
	return p.receive(ctx, now, now)
}

// receive has everything come that came until a moment.
func (p *past) receive(ctx context.Context, until, now time.Time) error {
	for len(p.coming) > 0 && !p.coming[0].Received.After(until) {
		m := p.coming[0]
		p.coming = p.coming[1:]
		if err := p.keep(ctx, m); err != nil {
			return fmt.Errorf("%s of %s: %w", m.Mailbox, m.User, err)
		}
		if now.Sub(m.Received) < traceDays*24*time.Hour {
			if err := p.trace(m); err != nil {
				return err
			}
		}
		size := int64(len(m.Raw))
		p.levels[watch.Storage] += size
		p.levels[watch.Account+m.User+"@"+demoDomain] += size
	}
	p.levels[watch.Disk] = p.Blobs.Stats().Bytes
	p.levels[watch.Free] = p.free - p.levels[watch.Disk]
	return nil
}

// keep puts a message where it lies.
func (p *past) keep(ctx context.Context, m demo.Message) error {
	account := p.accounts[m.User]
	mailbox, err := p.Store.Mailbox(ctx, account, m.Mailbox)
	if errors.Is(err, store.ErrNotFound) {
		if mailbox, err = p.Store.CreateMailbox(ctx, account, m.Mailbox, ""); err == nil {
			err = p.Store.Subscribe(ctx, account, m.Mailbox)
		}
	}
	if err != nil {
		return err
	}
	_, err = p.Store.Append(ctx, store.Batch{Messages: []store.NewMessage{
		{Mailbox: mailbox.ID, Raw: m.Raw, Flags: m.Flags, Received: m.Received},
	}})
	return err
}

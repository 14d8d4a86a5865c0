package appliance

import (
	"context"
	"time"

	"letterbox/finding"
	"letterbox/history"
	"letterbox/store"
	"letterbox/watch"
)

// historyFile holds figures over time. It is in no snapshot.
const historyFile = "telemetry.db"

// openWatch opens the history and begins to note who was connected. Commands that
// open the folder for a moment do without.
func (d *Data) openWatch(ctx context.Context) (err error) {
	d.History, err = history.Open(ctx, d.folder.join(historyFile), history.Options{Log: d.Log})
	if err != nil {
		return err
	}
	d.Telemetry.OnEnd(d.History.Ended)
	d.Watch = &watch.Watch{
		History:   d.History,
		Telemetry: d.Telemetry,
		Log:       d.Log.With("server", "watch"),
		Now:       time.Now,
		Levels:    d.levels,
		Accounts:  d.accounts,
		Sources: []func(context.Context) []finding.Finding{
			func(context.Context) []finding.Finding { return d.Telemetry.Habits().Findings() },
			d.ailments,
			d.fullness,
			d.Feedback.Findings,
		},
	}
	d.gauges()
	return nil
}

// gauges are what monitoring sees of it.
func (d *Data) gauges() {
	d.Telemetry.Gauge("history_dropped_sessions", "Ended sessions that were not written to the history.", func() float64 {
		return float64(d.History.Dropped())
	})
	d.Telemetry.Gauge("client_findings", "Mail programs that are set up badly, as far as they were seen within a day.", func() float64 {
		return float64(len(d.Telemetry.Habits().Findings()))
	})
}

// levels are the figures of one minute.
func (d *Data) levels(ctx context.Context) (map[string]int64, error) {
	accounts, err := d.accounts(ctx)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for _, bytes := range accounts {
		total += bytes
	}
	waiting, err := d.Queue.Count(ctx)
	if err != nil {
		return nil, err
	}
	levels := map[string]int64{watch.Storage: total, watch.Disk: d.Blobs.Stats().Bytes, watch.Queue: waiting}
	if _, free, err := store.DiskSpace(d.folder.path); err == nil { // else it is unknown, as at the start
		levels[watch.Free] = free
	}
	return levels, nil
}

// accounts are the bytes that everybody keeps, by address.
func (d *Data) accounts(ctx context.Context) (map[string]int64, error) {
	users, err := d.Directory.Users(ctx)
	if err != nil {
		return nil, err
	}
	holdings, err := d.Store.Holdings(ctx)
	if err != nil {
		return nil, err
	}
	bytes := make(map[string]int64, len(users))
	for _, u := range users {
		bytes[u.Address] = holdings[store.AccountID(u.ID)].Bytes
	}
	return bytes, nil
}

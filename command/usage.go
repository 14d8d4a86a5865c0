package command

import (
	"context"
	"fmt"
	"time"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/quota"
	"letterbox/store"
)

type usageCmd struct {
	listFlags
	Address string `arg:"" optional:"" help:"Whose mail to look into. Default: an overview of all."`
	Days    int    `default:"30" help:"What counts as recent, for who and what made it grow."`
}

func (*usageCmd) Help() string {
	return "Sizes are those of the messages, as their owners see them and as quotas count; the disk holds less: bodies are compressed, and what several people received is there once. " +
		"The forecast fits the growth of each day that is known; its range is what the slowest and the fastest third of that time would come to."
}

// A usageRecord is what an account holds. Limits are 0 for any.
type usageRecord struct {
	Address    string          `json:"address"` // "" for all together
	Messages   int64           `json:"messages"`
	Bytes      int64           `json:"bytes"`
	LimitBytes int64           `json:"limit_bytes"`
	Disk       int64           `json:"disk_bytes"`
	Forecast   *forecastRecord `json:"forecast"` // null when too little is known
}

type forecastRecord struct {
	PerMonth     int64  `json:"bytes_per_month"`
	PerMonthLow  int64  `json:"bytes_per_month_low"`
	PerMonthHigh int64  `json:"bytes_per_month_high"`
	Full         string `json:"full"` // "" for not within ten years
	Soonest      string `json:"soonest"`
	Latest       string `json:"latest"`
}

const month = 30 // days

func recordForecast(f quota.Forecast, ok bool) *forecastRecord {
	if !ok {
		return nil
	}
	return &forecastRecord{
		int64(f.PerDay * month), int64(f.Low * month), int64(f.High * month), stamp(f.Full), stamp(f.Soonest), stamp(f.Latest),
	}
}

// tellForecast says it in a column.
func tellForecast(f quota.Forecast, ok bool) (growth, full string) {
	if !ok {
		return "not known yet", "-"
	}
	day := func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return t.Format("2006-01-02")
	}
	growth, full = size(int64(f.PerDay*month)), "-"
	if f.PerDay < 0 {
		growth = "-" + size(int64(-f.PerDay*month))
	}
	if !f.Soonest.IsZero() {
		full = fmt.Sprintf("%s (%s to %s)", day(f.Full), day(f.Soonest), day(f.Latest))
	}
	return growth, full
}

func (c *usageCmd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if c.Address != "" {
		return c.one(ctx, d, stdio)
	}
	users, err := d.Directory.Everybody(ctx)
	if err != nil {
		return err
	}
	shares, err := d.Store.DiskShares(ctx)
	if err != nil {
		return err
	}
	records := []usageRecord{}
	t := &table{
		header: []string{"ADDRESS", "MESSAGES", "SIZE", "QUOTA", "DISK", "A MONTH", "FULL"},
		empty:  "No user yet. Add one: letterbox user add ADDRESS",
	}
	all := usageRecord{}
	for _, user := range users {
		r, f, ok, err := recordUsage(ctx, d, &user, shares)
		if err != nil {
			return fmt.Errorf("%s: %w", user.Address, err)
		}
		records = append(records, r)
		all.Messages, all.Bytes, all.Disk = all.Messages+r.Messages, all.Bytes+r.Bytes, all.Disk+r.Disk
		growth, full := tellForecast(f, ok)
		t.add(r.Address, fmt.Sprint(r.Messages), size(r.Bytes), limitText(r.LimitBytes), size(r.Disk), growth, full)
	}
	if len(records) == 0 {
		return c.print(stdio.Out, records, t)
	}
	room, err := d.RoomForMail()
	if err != nil {
		return err
	}
	f, ok, err := d.Store.Forecast(ctx, 0, all.Disk+room)
	if err != nil {
		return err
	}
	all.LimitBytes, all.Forecast = all.Disk+room, recordForecast(f, ok)
	growth, full := tellForecast(f, ok)
	t.add("all, on the disk", fmt.Sprint(all.Messages), size(all.Bytes), size(all.LimitBytes), size(all.Disk), growth, full)
	return c.print(stdio.Out, append(records, all), t)
}

func recordUsage(ctx context.Context, d *appliance.Data, user *directory.User, shares map[store.AccountID]int64) (usageRecord, quota.Forecast, bool, error) {
	account := store.AccountID(user.ID)
	usage, limit, err := d.Store.Usage(ctx, account)
	if err != nil {
		return usageRecord{}, quota.Forecast{}, false, err
	}
	f, ok, err := d.Store.Forecast(ctx, account, 0)
	return usageRecord{user.Address, usage.Messages, usage.Bytes, limit.Bytes, shares[account], recordForecast(f, ok)}, f, ok, err
}

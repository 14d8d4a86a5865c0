package command

import (
	"context"
	"slices"
	"time"

	"letterbox/appliance"
	"letterbox/demo"
	"letterbox/history"
	"letterbox/watch"
)

// pastDays is how much of the demo's past the pages have figures of.
const pastDays = 60

// recall writes the figures that the appliance would have gathered while the mail
// came, so that the pages have a past to show: what was kept, and what arrived.
func recall(ctx context.Context, d *appliance.Data, mail []demo.Message, now time.Time) error {
	mail = slices.Clone(mail)
	slices.SortFunc(mail, func(a, b demo.Message) int { return a.Received.Compare(b.Received) })
	levels := map[string]int64{watch.Storage: 0, watch.Queue: 0}
	next := 0
	began := now.AddDate(0, 0, -pastDays)
	step, pace := history.Hour, 6*time.Hour
	for at := began; at.Before(now); at = at.Add(pace) {
		if now.Sub(at) <= 48*time.Hour { // as far back as there are figures by the minute
			step, pace = history.Minute, 20*time.Minute
		}
		arrived := int64(0)
		for ; next < len(mail) && !mail[next].Received.After(at); next++ {
			size := int64(len(mail[next].Raw))
			levels[watch.Storage] += size
			levels[watch.Account+mail[next].User+"@"+demoDomain] += size
			arrived++
		}
		if at.Equal(began) {
			arrived = 0 // it had come before
		}
		if err := d.Watch.History.Write(ctx, at, step, history.Figures{Levels: levels, Counts: map[string]int64{watch.In: arrived}}); err != nil {
			return err
		}
	}
	return nil
}

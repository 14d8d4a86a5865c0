package appliance

import (
	"context"
	"time"
)

// upkeepHour is when the nightly work is done, by the machine's clock.
const upkeepHour = 3

// sweepGrace is how long a body stays after the last reference to it went:
// longer than any reader or snapshot may still be on its way to it.
const sweepGrace = 24 * time.Hour

// upkeep does the nightly work. Between nights it only waits.
func (a *Appliance) upkeep(ctx context.Context, d *Data) error {
	for {
		now := time.Now()
		timer := time.NewTimer(nextUpkeep(now).Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
			a.tidy(ctx, d, time.Now())
		}
	}
}

// nextUpkeep returns the first upkeepHour after now.
func nextUpkeep(now time.Time) time.Time {
	next := time.Date(now.Year(), now.Month(), now.Day(), upkeepHour, 0, 0, 0, now.Location())
	if !next.After(now) {
		next = time.Date(now.Year(), now.Month(), now.Day()+1, upkeepHour, 0, 0, 0, now.Location())
	}
	return next
}

// tidy does one night's work. A step that fails is logged and tried again the
// next night; the others are done all the same.
func (a *Appliance) tidy(ctx context.Context, d *Data, now time.Time) {
	steps := []struct {
		name string
		do   func() error
	}{
		{"sweep", func() error { return d.Store.Sweep(ctx, sweepGrace) }},
	}
	for _, step := range steps {
		began := time.Now()
		if err := step.do(); err != nil && ctx.Err() == nil {
			d.Log.Error("upkeep failed", "step", step.name, "error", err)
		} else {
			d.Log.Info("upkeep", "step", step.name, "took", time.Since(began))
		}
	}
}

package appliance

import (
	"context"
	"sync"
	"time"

	"letterbox/doctor"
	"letterbox/finding"
)

// An infirmary has what was found at the last look, whoever wanted it, for those
// who do not wait for one.
type infirmary struct {
	mu   sync.Mutex
	at   time.Time
	last []doctor.Result
}

func (i *infirmary) keep(results []doctor.Result) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.at, i.last = time.Now(), results
}

// lookAfter looks again and again until ctx ends. The first look is a while after the
// start: servers listen by then, and certificates may have come.
func (d *Data) lookAfter(ctx context.Context) error {
	every := time.Duration(d.Config.Doctor.Every)
	if every == 0 {
		return nil
	}
	timer := time.NewTimer(min(every, time.Minute))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if _, err := d.checkups.whole(d)(ctx, true); err != nil && ctx.Err() == nil {
			d.Log.Error("the appliance could not be looked at", "error", err)
		}
		timer.Reset(every)
	}
}

// ailments are what was found wrong with the appliance at the last look.
func (d *Data) ailments(context.Context) (list []finding.Finding) {
	d.infirmary.mu.Lock()
	defer d.infirmary.mu.Unlock()
	for _, r := range d.infirmary.last {
		if r.State == doctor.Amber || r.State == doctor.Red {
			list = append(list, ailment(r, d.infirmary.at))
		}
	}
	return list
}

// ailment is what a check found wrong, among the other findings.
func ailment(r doctor.Result, at time.Time) finding.Finding {
	f := finding.Finding{
		Kind: "doctor." + r.Check, Subject: r.Subject, Severity: finding.Amber, First: at, Last: at, Times: 1,
		Words: &r.Words,
	}
	if r.State == doctor.Red {
		f.Severity = finding.Red
	}
	return f
}

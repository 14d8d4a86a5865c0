package doctor

import (
	"context"
	"slices"
	"time"
)

// proofLate is how long ago the last proof may be: the appliance makes one every
// day at the latest.
const proofLate = 3 * 24 * time.Hour

// snapshots looks at whether the mail would survive the machine.
func snapshots(ctx context.Context, p *Patient) (list []Result) {
	a := machineThing("snapshots", "")
	away := slices.ContainsFunc(p.Targets, func(t Target) bool { return t.Remote })
	switch {
	case len(p.Targets) == 0:
		return []Result{a.red("none")}
	case !away:
		list = append(list, a.amber("here"))
	case p.Locked:
		list = append(list, a.red("locked"))
	default:
		list = append(list, a.ok("fine", len(p.Targets)))
	}
	for _, t := range p.Targets {
		list = append(list, p.target(ctx, t))
	}
	return list
}

// target looks at one place.
func (p *Patient) target(ctx context.Context, t Target) Result {
	a, r := machineThing("target", t.Address), t.Record
	if err := t.Reach(ctx); err != nil {
		return a.red("unreachable", err.Error())
	}
	taken, now := r.Last.Time(), p.now()
	_, proven := r.Proven()
	switch {
	case r.Error != "":
		return a.red("failed", r.Error, r.Tried)
	case r.Last == "":
		return a.amber("never")
	case p.Every > 0 && now.Sub(taken) > 2*p.Every+time.Hour:
		return a.red("late", taken)
	case wrong(t) != "":
		return a.red("unproven", wrong(t))
	case proven.IsZero() || now.Sub(proven) > proofLate:
		return a.amber("old", taken)
	}
	return a.ok("fine", taken, proven)
}

// wrong is what the last proof found; "" when it held.
func wrong(t Target) string { return t.Record.Proof.Error }

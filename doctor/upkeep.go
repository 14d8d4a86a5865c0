package doctor

import (
	"context"
	"time"
)

// checkLate is when the nightly check of the database has been missed twice.
const checkLate = 50 * time.Hour

// database looks at what the nightly check found, and whether there was one.
func database(_ context.Context, p *Patient) []Result {
	a := machineThing("database", "")
	switch age := p.now().Sub(p.Checked); {
	case p.Damage != "":
		return []Result{a.red("damaged", p.Damage)}
	case p.Checked.IsZero():
		return []Result{a.unknown("never")}
	case age > checkLate:
		return []Result{a.amber("late", p.Checked)}
	}
	return []Result{a.ok("fine", p.Checked)}
}

// domains looks at whether there is anybody to receive mail for.
func domains(_ context.Context, p *Patient) []Result {
	if len(p.Domains) > 0 {
		return nil
	}
	return []Result{machineThing("domains", "").amber("none")}
}

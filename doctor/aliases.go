package doctor

import (
	"context"
	"fmt"
	"strings"
)

// manyTargets is how many of them are named at most.
const manyTargets = 10

// aliases looks at whether they lead somewhere.
func aliases(_ context.Context, p *Patient) []Result {
	a := machineThing("aliases", "")
	if len(p.Nowhere) == 0 {
		return []Result{a.ok("fine")}
	}
	names := strings.Join(p.Nowhere[:min(len(p.Nowhere), manyTargets)], ", ")
	if more := len(p.Nowhere) - manyTargets; more > 0 {
		names += fmt.Sprintf(" (+%d)", more)
	}
	return []Result{a.amber("nowhere", names)}
}

// separators looks at whether addresses are refused that were taken once.
func separators(_ context.Context, p *Patient) []Result {
	if p.Dropped == "" {
		return nil
	}
	return []Result{machineThing("separators", "").amber("dropped", p.Dropped)}
}

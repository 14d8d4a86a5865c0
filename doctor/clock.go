package doctor

import (
	"context"
	"time"

	"github.com/beevik/ntp"
)

// Clocks that are off by more than these make trouble: one-time codes change
// every half minute, certificates and signatures have a beginning.
const (
	clockAmber = 5 * time.Second
	clockRed   = time.Minute
)

// clock compares with a time server, if one may be asked.
func clock(ctx context.Context, p *Patient) []Result {
	a := machineThing("clock", "")
	if p.Clock == "" {
		return []Result{a.unknown("unasked", p.now())}
	}
	end, _ := ctx.Deadline()
	patience := min(answerTime, time.Until(end))
	reply, err := ntp.QueryWithOptions(p.Clock, ntp.QueryOptions{Timeout: patience})
	if err == nil {
		err = reply.Validate()
	}
	if err != nil {
		return []Result{a.unknown("silent", p.Clock, err.Error())}
	}
	switch off := reply.ClockOffset.Abs(); {
	case off > clockRed:
		return []Result{a.red("wrong", off.Round(time.Second), p.Clock)}
	case off > clockAmber:
		return []Result{a.amber("wrong", off.Round(time.Second), p.Clock)}
	}
	return []Result{a.ok("fine", p.Clock)}
}

package doctor

import (
	"context"
	"time"
)

// A certificate is renewed a month before its end; when less is left than these,
// something keeps failing.
const (
	certificateLate = 21 * 24 * time.Hour
	certificateLast = 7 * 24 * time.Hour
)

// certificates looks at what is shown for each name.
func certificates(_ context.Context, p *Patient) (list []Result) {
	for _, s := range p.Certificates {
		a, left := machineThing("certificate", s.Name), s.NotAfter.Sub(p.now())
		switch {
		case left < 0:
			list = append(list, a.red("expired", s.NotAfter, s.Reason))
		case s.Kind == "own":
			list = append(list, a.amber("own", s.Reason))
		case left < certificateLast:
			list = append(list, a.red("ends", left, s.Reason))
		case left < certificateLate:
			list = append(list, a.amber("ends", left, s.Reason))
		default:
			list = append(list, a.ok("fine", s.NotAfter))
		}
	}
	return list
}

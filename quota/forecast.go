package quota

import (
	"math"
	"slices"
	"time"
)

// A Point is what something held at the end of a day.
type Point struct {
	Day   int64 // since 1970, UTC
	Bytes int64
}

// DayOf is the day of a moment, as in Point.
func DayOf(t time.Time) int64 { return t.Unix() / (24 * 3600) }

// minPoints is how many days must be known before anything is said about the
// future.
const minPoints = 7

// maxPoints bounds how far back is looked: what somebody did a year ago says
// little, and the work grows with the square.
const maxPoints = 120

// A Forecast is what would come if things went on as they did.
type Forecast struct {
	PerDay    float64 // bytes: what fits all days best
	Low, High float64 // the slowest and the fastest stretch of them

	// When it is full at each of these rates; zero where it never is within ten
	// years. Soonest belongs to High, Latest to Low.
	Full, Soonest, Latest time.Time
}

// Predict fits a line through daily points and says when it reaches limit; 0 for
// none. It says nothing (ok is false) about less than a week.
//
// The line is that of Theil and Sen, the median of the slopes between all pairs of
// days: one day on which somebody imported or threw away a lot does not bend it.
// The usual confidence interval would take the days for independent, which they
// are not; so the range is what the slowest and the fastest third of the time
// would come to, which everybody can follow.
func Predict(points []Point, limit int64) (f Forecast, ok bool) {
	points = slices.Clone(points)
	slices.SortFunc(points, func(a, b Point) int { return int(a.Day - b.Day) })
	points = points[max(0, len(points)-maxPoints):]
	if len(points) < minPoints || points[len(points)-1].Day-points[0].Day < minPoints-1 {
		return f, false
	}
	f.PerDay = slope(points)
	f.Low, f.High = f.PerDay, f.PerDay
	stretch := max(len(points)/3, 3)
	for i := 0; i+stretch <= len(points); i++ {
		s := slope(points[i : i+stretch])
		f.Low, f.High = min(f.Low, s), max(f.High, s)
	}
	last := points[len(points)-1]
	f.Full = reaches(last, f.PerDay, limit)
	f.Soonest = reaches(last, f.High, limit)
	f.Latest = reaches(last, f.Low, limit)
	return f, true
}

// slope is the median of those between all pairs of points.
func slope(points []Point) float64 {
	var all []float64
	for i, a := range points {
		for _, b := range points[i+1:] {
			if b.Day > a.Day {
				all = append(all, float64(b.Bytes-a.Bytes)/float64(b.Day-a.Day))
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// horizon is beyond which nobody can say anything, in days.
const horizon = 3650

// reaches says on which day a line from the last point crosses the limit.
func reaches(last Point, perDay float64, limit int64) time.Time {
	day := func(n int64) time.Time { return time.Unix(n*24*3600, 0).UTC() }
	switch left := float64(limit - last.Bytes); {
	case limit <= 0:
		return time.Time{}
	case left <= 0:
		return day(last.Day)
	case perDay <= 0 || left/perDay > horizon:
		return time.Time{}
	default:
		return day(last.Day + int64(math.Ceil(left/perDay)))
	}
}

package chart

import "time"

// A Trend is a straight line through figures.
type Trend struct {
	from  time.Time
	value float64 // at that time
	slope float64 // in a day
}

// leastDays is what a trend needs to say anything.
const leastDays = 3

// TrendOf finds the line that lies nearest to the points (least squares); false
// when there are too few, or within too short a time.
func TrendOf(points []Point) (Trend, bool) {
	n := float64(len(points))
	if len(points) < leastDays {
		return Trend{}, false
	}
	from := points[0].At
	var sumX, sumY, sumXX, sumXY float64
	for _, p := range points {
		x := p.At.Sub(from).Hours() / 24
		sumX, sumY, sumXX, sumXY = sumX+x, sumY+p.Value, sumXX+x*x, sumXY+x*p.Value
	}
	spread := n*sumXX - sumX*sumX
	if spread == 0 || points[len(points)-1].At.Sub(from) < (leastDays-1)*24*time.Hour {
		return Trend{}, false
	}
	slope := (n*sumXY - sumX*sumY) / spread
	return Trend{from, (sumY - slope*sumX) / n, slope}, true
}

// At is where the line is at a time.
func (t Trend) At(when time.Time) float64 {
	return t.value + t.slope*when.Sub(t.from).Hours()/24
}

// Reaches is when the line comes to a figure; false when it does not within five
// years.
func (t Trend) Reaches(value float64, now time.Time) (time.Time, bool) {
	if t.slope <= 0 {
		return time.Time{}, false
	}
	days := (value - t.At(now)) / t.slope
	if days > 5*365 {
		return time.Time{}, false
	}
	return now.Add(time.Duration(max(days, 0) * 24 * float64(time.Hour))), true
}

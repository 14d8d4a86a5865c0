package quota

import (
	"testing"
	"time"
)

// grow makes points of n days, from what f says about each.
func grow(n int, f func(day int) int64) (points []Point) {
	for i := range n {
		points = append(points, Point{1000 + int64(i), f(i)})
	}
	return points
}

func date(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }

func TestPredict(t *testing.T) {
	t.Parallel()
	steady := func(day int) int64 { return 1_000_000 + 10_000*int64(day) }
	tests := []struct {
		name                  string
		points                []Point
		limit                 int64
		perDay                float64
		full, soonest, latest time.Time
	}{
		{"steady", grow(30, steady), 2_000_000, 10_000, date(1100), date(1100), date(1100)},
		{"without a limit", grow(30, steady), 0, 10_000, time.Time{}, time.Time{}, time.Time{}},
		{"full already", grow(30, steady), 1_200_000, 10_000, date(1029), date(1029), date(1029)},
		{"not in ten years", grow(30, steady), 1 << 50, 10_000, time.Time{}, time.Time{}, time.Time{}},
		{"standing still", grow(30, func(int) int64 { return 5 }), 10, 0, time.Time{}, time.Time{}, time.Time{}},
		{"shrinking", grow(30, func(day int) int64 { return 1000 - int64(day) }), 2000, -1, time.Time{}, time.Time{}, time.Time{}},
		{"one import is no trend", grow(31, func(day int) int64 {
			if day == 30 {
				return steady(day) + 500_000
			}
			return steady(day)
		}), 2_000_000, 10_000, date(1050), date(1050), date(1050)},
		{"one clearing out neither", grow(31, func(day int) int64 {
			if day >= 30 {
				return steady(day) - 900_000
			}
			return steady(day)
		}), 2_000_000, 10_000, date(1190), date(1190), date(1190)},
	}
	for _, test := range tests {
		f, ok := Predict(test.points, test.limit)
		if !ok || f.PerDay != test.perDay || f.Low > f.PerDay || f.High < f.PerDay {
			t.Errorf("%s: %+v, %t; want %g a day", test.name, f, ok, test.perDay)
		}
		if !f.Full.Equal(test.full) || !f.Soonest.Equal(test.soonest) || !f.Latest.Equal(test.latest) {
			t.Errorf("%s: full on %v (%v to %v), want %v (%v to %v)", test.name,
				f.Full, f.Soonest, f.Latest, test.full, test.soonest, test.latest)
		}
	}
}

// TestPredictRange: growth that changes has a range that holds both rates.
func TestPredictRange(t *testing.T) {
	t.Parallel()
	f, ok := Predict(grow(90, func(day int) int64 {
		if day < 45 {
			return 1000 * int64(day)
		}
		return 45_000 + 5000*int64(day-45)
	}), 1_000_000)
	if !ok || f.Low != 1000 || f.High != 5000 || f.PerDay <= 1000 || f.PerDay >= 5000 {
		t.Errorf("%+v, %t", f, ok)
	}
	if !f.Soonest.Before(f.Full) || !f.Full.Before(f.Latest) {
		t.Errorf("full on %v, from %v to %v", f.Full, f.Soonest, f.Latest)
	}
}

func TestPredictSaysNothing(t *testing.T) {
	t.Parallel()
	for n, points := range [][]Point{
		nil,
		grow(6, func(day int) int64 { return int64(day) }),
		{{1, 1}, {1, 2}, {1, 3}, {2, 4}, {2, 5}, {3, 6}, {3, 7}}, // seven points of three days
	} {
		if f, ok := Predict(points, 1000); ok {
			t.Errorf("%d: %+v", n, f)
		}
	}
}

package history

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"letterbox/telemetry"
)

// A Span is a range of time that charts show, with how much of it is one point.
type Span struct {
	Name  string // in addresses of pages
	Long  time.Duration
	step  Step
	point int64 // seconds
}

// Spans are the ranges that can be shown, from an hour to two years.
var Spans = []Span{
	{"hour", time.Hour, Minute, 60},
	{"day", 24 * time.Hour, Minute, 600},
	{"week", 7 * 24 * time.Hour, Hour, 3600},
	{"month", 30 * 24 * time.Hour, Hour, 4 * 3600},
	{"year", 365 * 24 * time.Hour, Day, 86400},
	{"years", 2 * 365 * 24 * time.Hour, Day, 3 * 86400},
}

// SpanNamed returns the range of that name; the second one for any other name.
func SpanNamed(name string) Span {
	for _, s := range Spans {
		if s.Name == name {
			return s
		}
	}
	return Spans[1]
}

// Counted is the same range for what is counted: by the day where it is a month,
// by the week where it is more.
func (s Span) Counted() Span {
	switch {
	case s.Long > 60*24*time.Hour:
		s.step, s.point = Day, 7*86400
	case s.Long >= 30*24*time.Hour:
		s.step, s.point = Day, 86400
	}
	return s
}

// A Point is a figure at a time.
type Point struct {
	At    time.Time
	Value int64
}

// Levels returns what a series was within the span that ends now: of each point's
// time the last.
func (h *DB) Levels(ctx context.Context, name string, s Span) ([]Point, error) {
	// SQLite takes the columns beside max() from the row that has it.
	return h.points(ctx, `SELECT max(at), value`, name, s)
}

// Counts returns what was counted in each point's time.
func (h *DB) Counts(ctx context.Context, name string, s Span) ([]Point, error) {
	return h.points(ctx, `SELECT min(at), sum(value)`, name, s)
}

func (h *DB) points(ctx context.Context, selecting, name string, s Span) (list []Point, err error) {
	rows, err := h.sql.QueryContext(ctx, selecting+` FROM sample
		WHERE series = (SELECT id FROM series WHERE name = ?) AND step = ? AND at >= ?
		GROUP BY at / ? ORDER BY at`, name, s.step, h.from(s), s.point)
	if err != nil {
		return nil, err
	}
	return scan(rows, func(rows *sql.Rows) (p Point, err error) {
		var at int64
		err = rows.Scan(&at, &p.Value)
		p.At = time.Unix(at, 0)
		return p, err
	})
}

func (h *DB) from(s Span) int64 { return h.now().Add(-s.Long).Unix() }

// Last returns the latest of a series, and when it was; zero when there is none.
func (h *DB) Last(ctx context.Context, name string) (p Point, err error) {
	var at int64
	err = h.sql.QueryRowContext(ctx, `SELECT at, value FROM sample
		WHERE series = (SELECT id FROM series WHERE name = ?) AND step = ? ORDER BY at DESC LIMIT 1`, name, Day).Scan(&at, &p.Value)
	if errors.Is(err, sql.ErrNoRows) {
		return Point{}, nil
	}
	p.At = time.Unix(at, 0)
	return p, err
}

// A SpreadPoint is what was counted in a point's time.
type SpreadPoint struct {
	At     time.Time
	Counts telemetry.Counts
}

// Spreads returns durations within the span that ends now.
func (h *DB) Spreads(ctx context.Context, name string, s Span) (list []SpreadPoint, err error) {
	rows, err := h.sql.QueryContext(ctx, `SELECT at, counts FROM spread
		WHERE series = (SELECT id FROM series WHERE name = ?) AND step = ? AND at >= ? ORDER BY at`, name, s.step, h.from(s))
	if err != nil {
		return nil, err
	}
	all, err := scan(rows, func(rows *sql.Rows) (p SpreadPoint, err error) {
		var at int64
		var counts []byte
		err = rows.Scan(&at, &counts)
		p.At, p.Counts = time.Unix(at, 0), telemetry.ParseCounts(counts)
		return p, err
	})
	for _, p := range all {
		if n := len(list); n > 0 && list[n-1].At.Unix()/s.point == p.At.Unix()/s.point {
			list[n-1].Counts.Add(&p.Counts)
			continue
		}
		list = append(list, p)
	}
	return list, err
}

// scan reads all rows and closes them.
func scan[T any](rows *sql.Rows, one func(*sql.Rows) (T, error)) (list []T, err error) {
	defer rows.Close()
	for rows.Next() {
		v, err := one(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"letterbox/telemetry"
)

// A Step is the time that one row of a series stands for.
type Step int64

// The steps, in seconds.
const (
	Minute Step = 60
	Hour   Step = 3600
	Day    Step = 86400
)

// steps are all, with how long the rows of each are kept: a figure is there by
// the minute for two days, by the hour for two months, by the day for two years.
var steps = []struct {
	step Step
	kept time.Duration
}{
	{Minute, 48 * time.Hour},
	{Hour, 62 * 24 * time.Hour},
	{Day, 2*366*24*time.Hour + 7*24*time.Hour},
}

// begin is the beginning of the minute, hour or day in which t lies. Days are
// those of the machine's clock, as people count them.
func (s Step) begin(t time.Time) int64 {
	if s == Day {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location()).Unix()
	}
	return t.Unix() - t.Unix()%int64(s)
}

// Figures are what is written at one time.
type Figures struct {
	Levels  map[string]int64            // as it is now: the last of a minute, hour or day counts
	Counts  map[string]int64            // what happened since the last time: added up
	Spreads map[string]telemetry.Counts // likewise
}

// Write keeps figures, in the rows of finest and of all longer steps: there is
// no second pass that would thin them.
func (h *DB) Write(ctx context.Context, at time.Time, finest Step, f Figures) error {
	err := h.write(ctx, func(tx *sql.Tx) error {
		for _, s := range steps {
			if s.step >= finest {
				if err := h.writeStep(tx, s.step, s.step.begin(at), f); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}

func (h *DB) writeStep(tx *sql.Tx, step Step, at int64, f Figures) error {
	const level = `INSERT INTO sample (series, step, at, value) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET value = excluded.value`
	const count = `INSERT INTO sample (series, step, at, value) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET value = value + excluded.value`
	for _, group := range []struct {
		query  string
		values map[string]int64
	}{{level, f.Levels}, {count, f.Counts}} {
		for name, value := range group.values {
			id, err := h.seriesID(tx, name)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(group.query, id, step, at, value); err != nil {
				return fmt.Errorf("series %s: %w", name, err)
			}
		}
	}
	for name, counts := range f.Spreads {
		if err := h.addSpread(tx, name, step, at, counts); err != nil {
			return fmt.Errorf("series %s: %w", name, err)
		}
	}
	return nil
}

// seriesID finds or makes a series. Ids are forgotten when a transaction fails: it
// may have made them.
func (h *DB) seriesID(tx *sql.Tx, name string) (int64, error) {
	if id, ok := h.series[name]; ok {
		return id, nil
	}
	if _, err := tx.Exec(`INSERT INTO series (name) VALUES (?) ON CONFLICT DO NOTHING`, name); err != nil {
		return 0, err
	}
	var id int64
	if err := tx.QueryRow(`SELECT id FROM series WHERE name = ?`, name).Scan(&id); err != nil {
		return 0, err
	}
	h.series[name] = id
	return id, nil
}

// addSpread adds counts to those that are there.
func (h *DB) addSpread(tx *sql.Tx, name string, step Step, at int64, counts telemetry.Counts) error {
	if counts.Total() == 0 {
		return nil
	}
	id, err := h.seriesID(tx, name)
	if err != nil {
		return err
	}
	var before []byte
	err = tx.QueryRow(`SELECT counts FROM spread WHERE series = ? AND step = ? AND at = ?`, id, step, at).Scan(&before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	known := telemetry.ParseCounts(before)
	counts.Add(&known)
	_, err = tx.Exec(`INSERT INTO spread (series, step, at, counts) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET counts = excluded.counts`, id, step, at, counts.Bytes())
	return err
}

// Forget removes what is too old. To be called every hour or so.
func (h *DB) Forget(ctx context.Context) error {
	err := h.write(ctx, func(tx *sql.Tx) error {
		for _, s := range steps {
			before := h.now().Add(-s.kept).Unix()
			for _, table := range []string{"sample", "spread"} {
				if _, err := tx.Exec(`DELETE FROM `+table+` WHERE step = ? AND at < ?`, s.step, before); err != nil {
					return err
				}
			}
		}
		return h.forgetSessions(tx)
	})
	if err != nil {
		return fmt.Errorf("forget old figures: %w", err)
	}
	return nil
}

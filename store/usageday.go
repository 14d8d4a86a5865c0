package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"letterbox/database"
	"letterbox/quota"
)

// keptDays is for how long it is known what an account held on a day.
const keptDays = 730

// A UsageDay is what an account held at the end of a day.
type UsageDay struct {
	Day             int64 // since 1970, UTC
	Bytes, Messages int64
	Disk            int64 // its share of the bodies as they lie on the disk
}

// DiskShares says what each account takes of the disk: bodies are compressed, and
// one that several messages have counts for each of them in equal parts. What can
// still be brought back counts too. It goes through all messages: for the night,
// and for who asks.
func (s *Store) DiskShares(ctx context.Context) (shares map[AccountID]int64, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		exact := map[int64]float64{}
		err := c.Each(func(row []driver.Value) error {
			account, length, refs := row[0].(int64), row[1].(int64), row[2].(int64)
			exact[account] += float64(length) / float64(max(refs, 1))
			return nil
		}, `SELECT m.account, b.length, b.refs FROM message AS m JOIN blob AS b ON b.id = m.blob`)
		shares = map[AccountID]int64{}
		for a, n := range exact {
			shares[AccountID(a)] = int64(n)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what accounts take of the disk: %w", err)
	}
	return shares, nil
}

// RecordUsage keeps what every account holds as that of a day, and forgets what is
// too old.
func (s *Store) RecordUsage(ctx context.Context, now time.Time) error {
	shares, err := s.DiskShares(ctx)
	if err != nil {
		return err
	}
	day := quota.DayOf(now)
	err = s.write(ctx, func(j *job) error {
		accounts, err := queryAll(j.tx, scanAccount, selectAccount+`ORDER BY a.id`)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			_, err := j.tx.Exec(`
				INSERT INTO usage_day (account, day, bytes, messages, disk) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (account, day) DO UPDATE SET bytes = excluded.bytes, messages = excluded.messages, disk = excluded.disk`,
				int64(a.id), day, a.usage.Bytes, a.usage.Messages, shares[a.id])
			if err != nil {
				return err
			}
		}
		_, err = j.tx.Exec(`DELETE FROM usage_day WHERE day < ? OR account NOT IN (SELECT id FROM account)`, day-keptDays)
		return err
	})
	if err != nil {
		return fmt.Errorf("record usage: %w", err)
	}
	return nil
}

// UsageDays returns what an account held on each day from one on, the oldest
// first; account 0 is all of them together.
func (s *Store) UsageDays(ctx context.Context, a AccountID, from int64) (days []UsageDay, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		days, err = queryAll(c, scanUsageDay, `
			SELECT day, sum(bytes), sum(messages), sum(disk) FROM usage_day
			WHERE (account = ?1 OR ?1 = 0) AND day >= ?2 GROUP BY day ORDER BY day`, int64(a), from)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("usage by day: %w", err)
	}
	return days, nil
}

// Growth says by how much each account holds more now than so many days ago, or
// than on the first day after that of which it is known. Accounts of which none
// is known are left out.
func (s *Store) Growth(ctx context.Context, now time.Time, days int) (map[AccountID]int64, error) {
	grown := map[AccountID]int64{}
	err := s.db.Read(ctx, func(c *database.Conn) error {
		clear(grown)
		return c.Each(func(row []driver.Value) error {
			grown[AccountID(row[0].(int64))] = row[1].(int64)
			return nil
		}, `
			SELECT a.id, a.bytes - u.bytes FROM account AS a JOIN usage_day AS u ON u.account = a.id
			WHERE u.day = (SELECT min(day) FROM usage_day WHERE account = a.id AND day >= ?)`, quota.DayOf(now)-int64(days))
	})
	if err != nil {
		return nil, fmt.Errorf("how accounts have grown: %w", err)
	}
	return grown, nil
}

func scanUsageDay(row scanner) (d UsageDay, err error) {
	err = row.Scan(&d.Day, &d.Bytes, &d.Messages, &d.Disk)
	return d, err
}

// Forecast says what an account comes to if it goes on growing as it did; false
// when too little is known. Account 0 is all together, by what they take of the
// disk, and limit how much that may become; else limit is ignored for the
// account's own.
func (s *Store) Forecast(ctx context.Context, a AccountID, limit int64) (f quota.Forecast, ok bool, err error) {
	days, err := s.UsageDays(ctx, a, 0)
	if err != nil {
		return f, false, err
	}
	if a != 0 {
		_, own, err := s.Usage(ctx, a)
		if err != nil {
			return f, false, err
		}
		limit = own.Bytes
	}
	points := make([]quota.Point, len(days))
	for i, d := range days {
		points[i] = quota.Point{Day: d.Day, Bytes: d.Bytes}
		if a == 0 {
			points[i].Bytes = d.Disk
		}
	}
	f, ok = quota.Predict(points, limit)
	return f, ok, nil
}

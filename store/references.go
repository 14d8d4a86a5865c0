package store

import (
	"context"
	"fmt"
	"time"

	"letterbox/database"
)

// A miscount is a body whose references are not what they should be.
type miscount struct {
	blob, refs, counted int64
}

// CheckReferences recounts every reference (the monthly mark and sweep), mends
// the counts and returns how many were wrong. A body that is referred to and
// has no row cannot be mended here; it is counted and logged.
func (s *Store) CheckReferences(ctx context.Context) (wrong int, err error) {
	found, lost, err := s.recount(ctx)
	if err != nil {
		return 0, fmt.Errorf("check references: %w", err)
	}
	for _, id := range lost {
		s.log.Error("messages refer to a body that is not known; rescue may find it", "blob", id)
	}
	for len(found) > 0 {
		some := found[:min(len(found), chunkRows)]
		found = found[len(some):]
		err := s.write(ctx, func(j *job) error {
			for _, m := range some {
				if err := m.mend(j.tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return wrong, fmt.Errorf("check references: %w", err)
		}
		wrong += len(some)
	}
	return wrong + len(lost), nil
}

// mend adds what was missing at the recount: the count may have changed since.
func (m miscount) mend(tx *database.Tx) error {
	_, err := tx.Exec(`
		UPDATE blob SET refs = max(refs + ?1, 0), freed_at = CASE WHEN refs + ?1 <= 0 THEN ?2 ELSE 0 END WHERE id = ?3`,
		m.counted-m.refs, time.Now().Unix(), m.blob)
	return err
}

// recount compares the counts with the references, all as of one commit. lost
// are the ids of bodies that are referred to and have no row.
func (s *Store) recount(ctx context.Context) (wrong []miscount, lost []int64, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		counted := map[int64]int64{}
		for _, query := range []string{`SELECT blob FROM message`, `SELECT blob FROM held`} {
			if err := countEach(c, counted, query); err != nil {
				return err
			}
		}
		rows, err := c.Query(`SELECT id, refs FROM blob`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var m miscount
			if err := rows.Scan(&m.blob, &m.refs); err != nil {
				return err
			}
			m.counted = counted[m.blob]
			delete(counted, m.blob)
			if m.refs != m.counted {
				wrong = append(wrong, m)
			}
		}
		for id := range counted {
			lost = append(lost, id)
		}
		return rows.Err()
	})
	return wrong, lost, err
}

// countEach counts how often a query yields each id.
func countEach(q querier, counted map[int64]int64, query string) error {
	rows, err := q.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		counted[id]++
	}
	return rows.Err()
}

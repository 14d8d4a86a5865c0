package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Dismiss keeps a finding, by its id, from being shown: until a time, or for good
// with a zero time. by is who wants that.
func (h *DB) Dismiss(ctx context.Context, id string, until time.Time, by string) error {
	seconds := int64(0)
	if !until.IsZero() {
		seconds = until.Unix()
	}
	err := h.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO dismissal (finding, until_at, by_whom, at) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT DO UPDATE SET until_at = ?2, by_whom = ?3, at = ?4`, id, seconds, by, h.now().Unix())
		return err
	})
	if err != nil {
		return fmt.Errorf("dismiss finding: %w", err)
	}
	return nil
}

// RecallAll shows all findings again.
func (h *DB) RecallAll(ctx context.Context) error {
	return h.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM dismissal`)
		return err
	})
}

// Dismissed are the ids of the findings that are not to be shown now.
func (h *DB) Dismissed(ctx context.Context) (map[string]bool, error) {
	rows, err := h.sql.QueryContext(ctx, `SELECT finding FROM dismissal WHERE until_at = 0 OR until_at > ?`, h.now().Unix())
	if err != nil {
		return nil, fmt.Errorf("read dismissed findings: %w", err)
	}
	ids, err := scan(rows, func(rows *sql.Rows) (id string, err error) {
		err = rows.Scan(&id)
		return id, err
	})
	dismissed := make(map[string]bool, len(ids))
	for _, id := range ids {
		dismissed[id] = true
	}
	return dismissed, err
}

// Note returns what was noted under a name; "" when nothing was.
func (h *DB) Note(ctx context.Context, name string) (value string, err error) {
	err = h.sql.QueryRowContext(ctx, `SELECT value FROM note WHERE name = ?`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// SetNote notes something under a name.
func (h *DB) SetNote(ctx context.Context, name, value string) error {
	return h.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO note (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2`, name, value)
		return err
	})
}

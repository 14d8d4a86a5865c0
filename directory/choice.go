package directory

import (
	"context"
	"fmt"
	"strings"

	"letterbox/database"
)

// choicePrefix is before the name of a key of the configuration whose value was
// chosen in the browser, among the settings.
const choicePrefix = "config."

// Choices returns what was chosen in the browser for keys of the configuration.
func (d *Directory) Choices(ctx context.Context) (map[string]string, error) {
	return ChoicesIn(ctx, d.db)
}

// ChoicesIn is Choices of a database that has yet to be brought up to date.
func ChoicesIn(ctx context.Context, db *database.DB) (map[string]string, error) {
	all := map[string]string{}
	err := db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT key, value FROM setting WHERE key GLOB ?`, choicePrefix+"*")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key, value string
			if err := rows.Scan(&key, &value); err != nil {
				return err
			}
			all[strings.TrimPrefix(key, choicePrefix)] = value
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read what was chosen in the browser: %w", err)
	}
	return all, nil
}

// Choose keeps a choice. None of these keys is a secret, so the audit log has the
// value.
func (d *Directory) Choose(ctx context.Context, key, value string) error {
	return d.db.Write(ctx, func(tx *database.Tx) error {
		if err := setSetting(tx, choicePrefix+key, value); err != nil {
			return err
		}
		return d.audit(ctx, tx, Event{Action: "setting.choose", Subject: key, Detail: value})
	})
}

// Unchoose forgets a choice.
func (d *Directory) Unchoose(ctx context.Context, key string) error {
	return d.db.Write(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(`DELETE FROM setting WHERE key = ?`, choicePrefix+key); err != nil {
			return fmt.Errorf("forget what was chosen for %s: %w", key, err)
		}
		return d.audit(ctx, tx, Event{Action: "setting.unchoose", Subject: key})
	})
}

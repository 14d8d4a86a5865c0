package directory

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"letterbox/database"
)

// Setting returns what was set under the key, and whether anything was.
func (d *Directory) Setting(ctx context.Context, key string) (value string, set bool, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		value, set, err = setting(c, key)
		return err
	})
	return value, set, err
}

// SetSetting sets the key. The audit log names the key, never the value: some
// are secrets.
func (d *Directory) SetSetting(ctx context.Context, key, value string) error {
	return d.db.Write(ctx, func(tx *database.Tx) error {
		if err := setSetting(tx, key, value); err != nil {
			return err
		}
		return d.audit(ctx, tx, Event{Action: "setting.set", Subject: key})
	})
}

func setting(q querier, key string) (string, bool, error) {
	var value string
	err := q.QueryRow(`SELECT value FROM setting WHERE key = ?`, key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read setting %s: %w", key, err)
	}
	return value, true, nil
}

func setSetting(tx *database.Tx, key, value string) error {
	_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	if err != nil {
		return fmt.Errorf("set %s: %w", key, err)
	}
	return nil
}

// serverSecret returns the secret of this installation, made when first asked for.
func (d *Directory) serverSecret(ctx context.Context) ([]byte, error) {
	const key = "directory.secret"
	value, set, err := d.Setting(ctx, key)
	if err != nil || set {
		return decodeSecret(value, err)
	}
	err = d.db.Write(ctx, func(tx *database.Tx) error {
		// Another process may have been faster.
		if value, set, err = setting(tx, key); err != nil || set {
			return err
		}
		fresh := make([]byte, 32)
		rand.Read(fresh)
		value = hex.EncodeToString(fresh)
		return setSetting(tx, key, value)
	})
	return decodeSecret(value, err)
}

func decodeSecret(value string, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(value)
	if err != nil || len(secret) == 0 {
		return nil, errors.New("the setting directory.secret is damaged; restore it from a snapshot or remove it")
	}
	return secret, nil
}

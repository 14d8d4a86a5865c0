package directory

import (
	"context"
	"fmt"

	"letterbox/database"
)

// A found row of a damaged database, and how it is put into this one.
type foundRow struct {
	insert string
	values []any
}

// The tables that are salvaged, in the order in which they refer to each other.
// Those of the first kind have a number as their key, which finds a way around
// damage; the others are read up to the first damage.
var salvaged = []struct {
	keyed            bool
	columns          int
	query, statement string
}{
	{true, 3, `SELECT id, name, created_at FROM domain WHERE id > ? ORDER BY id`,
		`INSERT INTO domain (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`},
	{true, 7, `SELECT id, domain, localpart, name, role, disabled, created_at FROM user WHERE id > ? ORDER BY id`,
		`INSERT INTO user (id, domain, localpart, name, role, disabled, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
	// Apart: older databases have no such columns, and their users count all the same.
	{true, 3, `SELECT id, kind, language FROM user WHERE id > ? ORDER BY id`,
		`UPDATE user SET kind = ?2, language = ?3 WHERE id = ?1`},
	{true, 8, `SELECT user, argon2id, scram_salt, scram_iterations, scram_stored_key, scram_server_key, version, changed_at
		FROM credential WHERE user > ? ORDER BY user`,
		`INSERT INTO credential (user, argon2id, scram_salt, scram_iterations, scram_stored_key, scram_server_key, version, changed_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
	{true, 13, `SELECT id, user, name, scopes, hash, scram_salt, scram_iterations, scram_stored_key, scram_server_key,
			created_at, used_at, used_from, used_by FROM app_password WHERE id > ? ORDER BY id`,
		`INSERT INTO app_password (id, user, name, scopes, hash, scram_salt, scram_iterations, scram_stored_key,
			scram_server_key, created_at, used_at, used_from, used_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
	{true, 4, `SELECT user, secret, confirmed_at, last_step FROM totp WHERE user > ? ORDER BY user`,
		`INSERT INTO totp (user, secret, confirmed_at, last_step) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`},
	{false, 6, `SELECT id, user, name, credential, created_at, used_at FROM passkey`,
		`INSERT INTO passkey (id, user, name, credential, created_at, used_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
	{false, 2, `SELECT user, hash FROM recovery_code`,
		`INSERT INTO recovery_code (user, hash) VALUES (?, ?) ON CONFLICT DO NOTHING`},
	{false, 3, `SELECT domain, localpart, target FROM alias`,
		`INSERT INTO alias (domain, localpart, target) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`},
	{false, 3, `SELECT user, target, keep FROM forward`,
		`INSERT INTO forward (user, target, keep) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`},
	{true, 8, `SELECT user, active, first_day, last_day, subject, text, sender, period FROM vacation WHERE user > ? ORDER BY user`,
		`INSERT INTO vacation (user, active, first_day, last_day, subject, text, sender, period)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
	{true, 10, `SELECT id, domain, localpart, user, note, off, created_at, used_at, used_by, uses FROM disposable WHERE id > ? ORDER BY id`,
		`INSERT INTO disposable (id, domain, localpart, user, note, off, created_at, used_at, used_by, uses)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
	{false, 2, `SELECT key, value FROM setting`,
		`INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`},
}

// Salvage takes over what can still be read of a damaged database: domains,
// users with their passwords and second factors, teams, aliases and
// disposable addresses, what people pass on and what they say while they are away,
// settings. It is for a directory that nobody has used yet; what is there
// already stays. It returns how many users and teams came back. The directory is to be opened anew afterwards.
func (d *Directory) Salvage(ctx context.Context, w *database.Wreck) (users int, err error) {
	var found []foundRow
	for _, table := range salvaged {
		take := func(scan func(...any) error) (key int64, err error) {
			row := foundRow{table.statement, make([]any, table.columns)}
			dest := make([]any, table.columns)
			for i := range dest {
				dest[i] = &row.values[i]
			}
			if err := scan(dest...); err != nil {
				return 0, err
			}
			found = append(found, row)
			key, _ = row.values[0].(int64)
			return key, nil
		}
		if table.keyed {
			w.Walk(ctx, table.query, nil, take)
		} else {
			w.Each(ctx, table.query, nil, func(scan func(...any) error) error {
				_, err := take(scan)
				return err
			})
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	err = d.db.Write(ctx, func(tx *database.Tx) error {
		for _, row := range found {
			if _, err := tx.Exec(row.insert, row.values...); err != nil {
				w.Damaged = true // such as a user whose domain was not found
			}
		}
		if err := tx.QueryRow(`SELECT count(*) FROM user`).Scan(&users); err != nil {
			return err
		}
		return d.audit(ctx, tx, Event{Action: "directory.salvage", Detail: fmt.Sprintf("%d users", users)})
	})
	return users, err
}

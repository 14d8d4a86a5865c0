package directory

import (
	"context"
	"fmt"
	"time"

	"letterbox/database"
)

const (
	acquaintEvery = 24 * time.Hour
	maxKnownPeers = 200 // of a user: a telephone has a new address every day
)

// acquaint remembers where the user signed in from, and writes the audit line.
// It does so at most daily for each peer, so that a sign-in is no write.
func (d *Directory) acquaint(ctx context.Context, k *knock) error {
	now := d.now()
	if !k.peer.Remote.IsValid() || now.Sub(k.seen) < acquaintEvery {
		return nil
	}
	return d.db.Write(context.WithoutCancel(ctx), func(tx *database.Tx) error {
		result, err := tx.Exec(`INSERT INTO known_peer (user, peer, last_at) VALUES (?1, ?2, ?3)
			ON CONFLICT (user, peer) DO UPDATE SET last_at = excluded.last_at WHERE last_at <= ?4`,
			k.user.ID, k.visit.peer, now.Unix(), now.Add(-acquaintEvery).Unix())
		if err != nil {
			return fmt.Errorf("remember peer: %w", err)
		}
		// Of several connections that came at once, the first has written.
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := forgetPeers(tx, k.user.ID, now); err != nil {
			return err
		}
		return d.audit(ctx, tx, Event{
			Actor: k.user.Address, Action: "signin.ok", Subject: k.user.Address,
			Remote: k.peer.from(), Detail: k.peer.Protocol,
		})
	})
}

// forgetPeers keeps the latest of a user's peers.
func forgetPeers(tx *database.Tx, user int64, now time.Time) error {
	_, err := tx.Exec(`DELETE FROM known_peer WHERE user = ?1 AND (last_at < ?2 OR peer IN (
		SELECT peer FROM known_peer WHERE user = ?1 ORDER BY last_at DESC, peer LIMIT -1 OFFSET ?3))`,
		user, now.Add(-knownFor).Unix(), maxKnownPeers)
	if err != nil {
		return fmt.Errorf("forget old peers: %w", err)
	}
	return nil
}

// LastSignIns says when each user last signed in, by id, to within a day:
// that is how often it is written down.
func (d *Directory) LastSignIns(ctx context.Context) (map[int64]time.Time, error) {
	last := map[int64]time.Time{}
	err := d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT user, max(last_at) FROM known_peer GROUP BY user`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var user, at int64
			if err := rows.Scan(&user, &at); err != nil {
				return err
			}
			last[user] = time.Unix(at, 0)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list last sign-ins: %w", err)
	}
	return last, nil
}

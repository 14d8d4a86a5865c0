package store

import (
	"context"
	"fmt"
	"time"

	"letterbox/database"
)

// RenewUIDValidity gives every mailbox a UIDVALIDITY later than any that was
// given before, also after the database was copied (RFC 9051 section 2.3.1.1):
// for a database that comes from a snapshot, before anybody serves it. New ones
// begin with the time, as those of a new account do.
func RenewUIDValidity(ctx context.Context, db *database.DB) error {
	now := time.Now().Unix()
	err := db.Write(ctx, func(tx *database.Tx) error {
		for _, query := range []string{
			// Each mailbox of an account gets a number of its own.
			`UPDATE mailbox SET uidvalidity = max(?1, a.uidvalidity + 1) + n.rank
				FROM account AS a, (SELECT id, row_number() OVER (PARTITION BY account ORDER BY id) - 1 AS rank FROM mailbox) AS n
				WHERE a.id = mailbox.account AND n.id = mailbox.id`,
			`UPDATE account SET uidvalidity = max(uidvalidity, ?1,
				(SELECT coalesce(max(m.uidvalidity), 0) FROM mailbox AS m WHERE m.account = account.id))`,
		} {
			if _, err := tx.Exec(query, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("renew UIDVALIDITY: %w", err)
	}
	return nil
}

// A Place is where a message stands.
type Place struct {
	Account AccountID
	Mailbox string
	UID     uint32
	Size    int64
}

// Places lists the messages whose body lies, with any of its bytes, in a stretch
// of a pack.
func Places(ctx context.Context, db *database.DB, pack uint32, from, to int64) (places []Place, err error) {
	err = db.Read(ctx, func(c *database.Conn) error {
		places, err = queryAll(c, scanPlace, `
			SELECT x.account, x.name, e.uid, e.size
			FROM blob AS b JOIN message AS m ON m.blob = b.id JOIN entry AS e ON e.message = m.id JOIN mailbox AS x ON x.id = e.mailbox
			WHERE b.pack = ? AND b.offset < ? AND b.offset + b.length > ? AND x.account IS NOT NULL
			ORDER BY x.account, x.name, e.uid`, int64(pack), to, from)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("messages in pack %d: %w", pack, err)
	}
	return places, nil
}

func scanPlace(row scanner) (p Place, err error) {
	err = row.Scan(&p.Account, &p.Mailbox, &p.UID, &p.Size)
	return p, err
}

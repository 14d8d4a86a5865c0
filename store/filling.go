package store

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
)

// A LargeMessage is one that takes much of its account's quota.
type LargeMessage struct {
	Mailbox  string
	UID      imap.UID
	Size     int64
	Received time.Time // INTERNALDATE, in UTC
	Header   []byte    // the usual fields, as they came
}

// Largest lists the largest messages of an account, the largest first. It reads
// the narrow rows of all its messages: some tens of milliseconds for 100,000.
func (s *Store) Largest(ctx context.Context, a AccountID, limit int) (list []LargeMessage, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		list, err = queryAll(c, scanLarge, `
			SELECT b.name, e.uid, e.size, m.received_at, m.header FROM (
				SELECT mailbox, uid, size, message FROM entry
				WHERE mailbox IN (SELECT id FROM mailbox WHERE account = ?) ORDER BY size DESC LIMIT ?) AS e
			JOIN mailbox AS b ON b.id = e.mailbox JOIN message AS m ON m.id = e.message
			ORDER BY e.size DESC, b.name, e.uid`, int64(a), limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the largest messages: %w", err)
	}
	return list, nil
}

func scanLarge(row scanner) (l LargeMessage, err error) {
	var uid, received int64
	err = row.Scan(&l.Mailbox, &uid, &l.Size, &received, &l.Header)
	l.UID, l.Received = imap.UID(uid), time.Unix(received, 0).UTC()
	return l, err
}

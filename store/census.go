package store

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/store/blob"
)

// A Census tells which messages a mailbox had when it was taken: for those who
// add mail that may be there already, as an import that is run again. It costs
// 24 bytes a message. Not safe for concurrent use.
type Census struct {
	store *Store
	known []resident // by date and size
}

// A resident is a message of the mailbox; 0 when it was claimed.
type resident struct {
	received int64
	size     int64
	message  MessageID
}

func (r resident) compare(o resident) int {
	return cmp.Or(cmp.Compare(r.received, o.received), cmp.Compare(r.size, o.size))
}

// Census counts the messages of a mailbox, a chunk at a time.
func (s *Store) Census(ctx context.Context, m MailboxID) (*Census, error) {
	c := &Census{store: s}
	for last := imap.UID(0); ; {
		var n int
		err := s.db.Read(ctx, func(conn *database.Conn) (err error) {
			n, err = c.read(conn, m, &last)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("count the messages of mailbox %d: %w", m, err)
		}
		if n < chunkRows {
			break
		}
	}
	slices.SortFunc(c.known, resident.compare)
	return c, nil
}

// read adds the next chunk behind the uid last and returns how many there were.
func (c *Census) read(q querier, m MailboxID, last *imap.UID) (n int, err error) {
	rows, err := q.Query(`
		SELECT e.uid, m.received_at, m.size, m.id
		FROM entry AS e CROSS JOIN message AS m ON m.id = e.message
		WHERE e.mailbox = ? AND e.uid > ? ORDER BY e.uid LIMIT ?`, int64(m), int64(*last), chunkRows)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for ; rows.Next(); n++ {
		var r resident
		if err := rows.Scan(last, &r.received, &r.size, &r.message); err != nil {
			return n, err
		}
		c.known = append(c.known, r)
	}
	return n, rows.Err()
}

// Claim reports whether the mailbox had a message of these very bytes and date.
// Each is claimed once: of three alike of which the mailbox had two, one is new.
func (c *Census) Claim(ctx context.Context, raw []byte, received time.Time) (bool, error) {
	wanted := resident{received: received.Unix(), size: int64(len(raw))}
	i, _ := slices.BinarySearchFunc(c.known, wanted, resident.compare)
	for ; i < len(c.known) && c.known[i].compare(wanted) == 0; i++ {
		r := &c.known[i]
		if r.message == 0 {
			continue
		}
		same, err := c.store.holds(ctx, r.message, raw)
		if err != nil {
			return false, fmt.Errorf("compare with message %d: %w", r.message, err)
		}
		if same {
			r.message = 0
			return true, nil
		}
	}
	return false, nil
}

// holds reports whether a message has these bytes. The body itself is not read:
// its hash is its address. A message that is gone meanwhile has none.
func (s *Store) holds(ctx context.Context, id MessageID, raw []byte) (same bool, err error) {
	err = s.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT m.prefix, b.hash FROM message AS m JOIN blob AS b ON b.id = m.blob WHERE m.id = ?`, int64(id))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var prefix, hash []byte
			if err := rows.Scan(&prefix, &hash); err != nil {
				return err
			}
			rest, ok := bytes.CutPrefix(raw, prefix)
			sum := blob.Sum(rest)
			same = ok && bytes.Equal(sum[:], hash)
		}
		return rows.Err()
	})
	return same, err
}

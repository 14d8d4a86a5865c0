package directory

import (
	"fmt"
	"time"

	"letterbox/database"
)

// Bounds on who is answered in one user's name. RFC 5230 section 4.2 wants 1000
// remembered at least; the oldest go first.
const (
	maxAnswered      = 2000
	maxAnsweredInDay = 200 // whoever makes up senders fills nobody's mailbox through us
)

// Answer notes, in the transaction that makes the answer durable, that a sender is
// told that the user is away. It reports false, and notes nothing, when they were
// told within so many days, or when too many others were today.
func (d *Directory) Answer(tx *database.Tx, userID int64, sender string, days int, now time.Time) (bool, error) {
	var told bool
	var today int
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM vacation_answered WHERE user = ?1 AND sender = ?2 AND at > ?3),
		(SELECT count(*) FROM vacation_answered WHERE user = ?1 AND at > ?4)`,
		userID, sender, now.AddDate(0, 0, -days).Unix(), now.AddDate(0, 0, -1).Unix()).Scan(&told, &today)
	if err != nil {
		return false, fmt.Errorf("look up whether %s was answered: %w", sender, err)
	}
	if told || today >= maxAnsweredInDay {
		return false, nil
	}
	_, err = tx.Exec(`INSERT INTO vacation_answered (user, sender, at) VALUES (?, ?, ?)
		ON CONFLICT (user, sender) DO UPDATE SET at = excluded.at`, userID, sender, now.Unix())
	if err == nil {
		_, err = tx.Exec(`DELETE FROM vacation_answered WHERE user = ?1 AND sender IN
			(SELECT sender FROM vacation_answered WHERE user = ?1 ORDER BY at DESC LIMIT -1 OFFSET ?2)`, userID, maxAnswered)
	}
	if err != nil {
		return false, fmt.Errorf("note that %s is answered: %w", sender, err)
	}
	return true, nil
}

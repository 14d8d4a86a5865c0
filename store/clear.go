package store

import (
	"database/sql"
	"errors"
	"math"
	"time"

	"letterbox/database"
)

// settleRows is how many messages are settled in one transaction. Each touches
// a page of the cold table and one of the bodies.
const settleRows = 500

// A drop is a message some of whose entries are gone.
type drop struct {
	message, entries, extra, blob, account int64
}

// settle works off dropped: messages that stand nowhere any more are removed
// and their bodies given up.
func (j *job) settle() (more bool, err error) {
	drops, err := queryAll(j.tx, scanDrop, `
		SELECT d.message, d.entries, coalesce(c.extra, 0), m.blob, m.account
		FROM dropped AS d JOIN message AS m ON m.id = d.message LEFT JOIN copies AS c ON c.message = d.message
		ORDER BY d.message LIMIT ?`, settleRows)
	if err != nil || len(drops) == 0 {
		return false, err
	}
	for _, d := range drops {
		if err := d.settle(j.tx); err != nil {
			return false, err
		}
		if d.entries > d.extra {
			j.left = append(j.left, leaver{AccountID(d.account), MessageID(d.message)})
		}
	}
	_, err = j.tx.Exec(`DELETE FROM dropped WHERE message <= ?`, drops[len(drops)-1].message)
	return len(drops) == settleRows, err
}

func scanDrop(row scanner) (d drop, err error) {
	err = row.Scan(&d.message, &d.entries, &d.extra, &d.blob, &d.account)
	return d, err
}

func (d drop) settle(tx *database.Tx) error {
	left := 1 + d.extra - d.entries
	if left > 1 {
		_, err := tx.Exec(`UPDATE copies SET extra = ? WHERE message = ?`, left-1, d.message)
		return err
	}
	if d.extra > 0 {
		if _, err := tx.Exec(`DELETE FROM copies WHERE message = ?`, d.message); err != nil {
			return err
		}
	}
	if left == 1 {
		return nil
	}
	if _, err := tx.Exec(`DELETE FROM message WHERE id = ?`, d.message); err != nil {
		return err
	}
	return releaseBlob(tx, d.blob)
}

// releaseBlob gives up one reference to a body.
func releaseBlob(tx *database.Tx, id int64) error {
	_, err := tx.Exec(`
		UPDATE blob SET refs = refs - 1, freed_at = CASE refs WHEN 1 THEN ? ELSE freed_at END WHERE id = ?`,
		time.Now().Unix(), id)
	return err
}

// clearMailbox takes a chunk out of a deleted mailbox: entries first, then the
// history, then the row.
func (j *job) clearMailbox() (more bool, err error) {
	var id int64
	var name string
	var owner sql.NullInt64
	err = j.tx.QueryRow(`SELECT id, name, deleted_by FROM mailbox WHERE account IS NULL LIMIT 1`).Scan(&id, &name, &owner)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	m := MailboxID(id)
	rows, err := readEntries(j.tx, m, piece{UIDRange: allUIDs()[0]}, chunkRows)
	if err != nil {
		return false, err
	}
	if len(rows) > 0 {
		if owner.Valid {
			err = j.keepRemoved(AccountID(owner.Int64), m, name, uidsOf(rows))
		} else {
			err = j.settleLater(m, uidsOf(rows))
		}
		if err != nil {
			return false, err
		}
		if err := j.forgetSeen(m, uidsOf(rows)); err != nil {
			return false, err
		}
		return true, j.eachPiece(m, uidsOf(rows), `DELETE FROM entry`, ``)
	}
	if more, err := j.forget(m, math.MaxInt64); more || err != nil {
		return true, err
	}
	_, err = j.tx.Exec(`DELETE FROM mailbox WHERE id = ?`, id)
	return true, err
}

// clearThreads takes a chunk of the threads of one account that is no more.
func (j *job) clearThreads() (more bool, err error) {
	gone, err := j.accountGone("thread_ref")
	if err != nil || gone == 0 {
		return false, err
	}
	_, err = j.tx.Exec(`
		DELETE FROM thread_ref WHERE account = ?1 AND ref IN (SELECT ref FROM thread_ref WHERE account = ?1 LIMIT ?2)`,
		gone, chunkRows)
	return true, err
}

// accountGone finds an account in a table that is no more; 0 for none. The table
// has an index that begins with the account: it is a loop of seeks, not a scan.
func (j *job) accountGone(table string) (int64, error) {
	var gone sql.NullInt64
	err := j.tx.QueryRow(`
		WITH RECURSIVE present (id) AS (
			SELECT min(account) FROM ` + table + `
			UNION ALL
			SELECT (SELECT min(account) FROM ` + table + ` WHERE account > present.id) FROM present WHERE id IS NOT NULL)
		SELECT min(id) FROM present WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM account)`).Scan(&gone)
	return gone.Int64, err
}

package store

import (
	"database/sql/driver"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// entryRow is a row of the hot table.
type entryRow struct {
	Entry
	message MessageID
	size    int64
}

const selectEntries = `SELECT uid, flags, modseq, message, size FROM entry WHERE mailbox = ? AND `

// take returns the next entries of a walk through uids of the mailbox, at most
// chunkRows and none only at its end.
func (j *job) take(m MailboxID, c *cursor) ([]entryRow, error) {
	var taken []entryRow
	for len(taken) < chunkRows {
		room := chunkRows - len(taken)
		p, ok := c.next(room)
		if !ok {
			break
		}
		some, err := readEntries(j.tx, m, p, room)
		if err != nil {
			return nil, err
		}
		if len(some) == room {
			c.resume(some[room-1].UID)
		}
		taken = append(taken, some...)
	}
	return taken, nil
}

func readEntries(q querier, m MailboxID, p piece, limit int) ([]entryRow, error) {
	where, args := p.where()
	args = append([]any{int64(m)}, append(args, limit)...)
	var rows []entryRow
	err := q.Each(func(row []driver.Value) error {
		rows = append(rows, entryRow{entryOf(row), MessageID(integer(row[3])), integer(row[4])})
		return nil
	}, selectEntries+where+` ORDER BY uid LIMIT ?`, args...)
	return rows, err
}

// entryOf reads the columns uid, flags, modseq.
func entryOf(row []driver.Value) Entry {
	return Entry{imap.UID(integer(row[0])), Flags(integer(row[1])), ModSeq(integer(row[2]))}
}

// integer is a value of an integer column, which in a STRICT table is nothing
// else unless the file is damaged.
func integer(v driver.Value) int64 {
	n, _ := v.(int64)
	return n
}

// insertRows is how many entries one statement inserts at most.
const insertRows = 50

// insertEntries adds rows to the hot table.
func (j *job) insertEntries(m MailboxID, rows []entryRow, saved int64) error {
	for some := range slices.Chunk(rows, insertRows) {
		if len(some) == insertRows {
			if err := j.insertAtOnce(m, some, saved); err != nil {
				return err
			}
			continue
		}
		for i := range some {
			if err := j.insertAtOnce(m, some[i:i+1], saved); err != nil {
				return err
			}
		}
	}
	return nil
}

// insertAtOnce is one statement; there are two texts of it, for the cache.
func (j *job) insertAtOnce(m MailboxID, rows []entryRow, saved int64) error {
	query := insertOne
	if len(rows) > 1 {
		query = insertMany
	}
	args := make([]any, 0, len(rows)*7)
	for _, e := range rows {
		args = append(args, int64(m), int64(e.UID), int64(e.ModSeq), int64(e.Flags), int64(e.message), saved, e.size)
	}
	_, err := j.tx.Exec(query, args...)
	return err
}

const insertOne = `INSERT INTO entry (mailbox, uid, modseq, flags, message, saved_at, size) VALUES (?, ?, ?, ?, ?, ?, ?)`

var insertMany = insertOne + strings.Repeat(`, (?, ?, ?, ?, ?, ?, ?)`, insertRows-1)

// eachPiece runs a statement on the entries with the uids, which exist: before
// and after are its text around the condition, args those that stand before it.
func (j *job) eachPiece(m MailboxID, uids imap.UIDSet, before, after string, args ...any) error {
	c := cursor{rest: uids}
	for {
		p, ok := c.next(chunkRows)
		if !ok {
			return nil
		}
		where, more := p.where()
		all := slices.Concat(args, []any{int64(m)}, more)
		if _, err := j.tx.Exec(before+` WHERE mailbox = ? AND `+where+after, all...); err != nil {
			return err
		}
	}
}

// uidsOf returns the uids of rows, ascending.
func uidsOf(rows []entryRow) imap.UIDSet {
	var set imap.UIDSet
	for _, e := range rows {
		set = appendUID(set, e.UID)
	}
	return set
}

package trace

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Rhythm of the writer.
const (
	gatherTime = time.Second // until what has come is written
	gatherMost = 500         // events that are written without waiting any longer
	pruneEvery = time.Hour
	pruneStep  = 5000 // rows that go in one transaction
)

// write is the goroutine that writes, until Close.
func (j *Journal) write() {
	defer close(j.ended)
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()
	j.prune()
	w := &batch{j: j, timer: time.NewTimer(gatherTime)}
	w.timer.Stop()
	for {
		select {
		case e := <-j.events:
			w.add(e)
		case <-w.timer.C:
			w.flush()
		case done := <-j.ask:
			w.drain()
			close(done)
		case <-prune.C:
			w.drain()
			j.prune()
		case <-j.stop:
			w.drain()
			return
		}
	}
}

// A batch is what is written together. It belongs to the writer.
type batch struct {
	j      *Journal
	events []Event
	timer  *time.Timer
	told   time.Time
}

func (w *batch) add(e Event) {
	if len(w.events) == 0 {
		w.timer.Reset(gatherTime)
	}
	if w.events = append(w.events, e); len(w.events) >= gatherMost {
		w.flush()
	}
}

// drain writes everything that was recorded so far.
func (w *batch) drain() {
	for {
		select {
		case e := <-w.j.events:
			w.add(e)
		default:
			w.flush()
			return
		}
	}
}

// flush writes the batch. If that fails the events are lost: the disk is full, or
// dying, and the log says so once a minute.
func (w *batch) flush() {
	w.timer.Stop()
	if len(w.events) == 0 {
		return
	}
	err := w.insert(context.Background())
	if isDamage(err) && w.j.replace() {
		err = w.insert(context.Background())
	}
	if err != nil {
		w.j.dropped.Add(int64(len(w.events)))
		if now := time.Now(); now.Sub(w.told) > time.Minute {
			w.told = now
			w.j.options.Log.Error("the message trace is not written; mail goes on", "error", err)
		}
	}
	w.events = w.events[:0]
}

// insert writes the batch in one transaction.
func (w *batch) insert(ctx context.Context) error {
	tx, err := w.j.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	statement, err := tx.PrepareContext(ctx, `
		INSERT INTO event (id, trace, kind, account, sender, recipient, message_id, size, remote, helo, protocol, host, folder, reply, queue, notes)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
	if err != nil {
		return err
	}
	defer statement.Close()
	taken := map[int64]bool{}
	for _, e := range w.events {
		if err := insertOne(ctx, statement, taken, e); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// insertOne inserts an event under the first id that is free from its time on.
func insertOne(ctx context.Context, s *sql.Stmt, taken map[int64]bool, e Event) error {
	notes, remote := "", ""
	if len(e.Notes) > 0 {
		text, err := json.Marshal(e.Notes)
		if err != nil {
			return err
		}
		notes = string(text)
	}
	if e.Remote.IsValid() {
		remote = e.Remote.String()
	}
	for id := e.At.UnixMicro(); ; id++ {
		if taken[id] {
			continue
		}
		taken[id] = true
		result, err := s.ExecContext(ctx, id, e.Trace, string(e.Kind), e.Account, e.Sender, e.Recipient, e.MessageID, e.Size,
			remote, e.Helo, e.Protocol, e.Host, e.Folder, e.Reply, e.Queue, notes)
		if err != nil {
			return fmt.Errorf("insert event: %w", err)
		}
		if n, err := result.RowsAffected(); n > 0 || err != nil {
			return err
		}
	}
}

// replace begins a new file in the place of a damaged one.
func (j *Journal) replace() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_ = j.db.Close() // it is thrown away
	db, err := openOrReplace(context.Background(), j.path, j.options.Log)
	if err != nil {
		j.options.Log.Error("the message trace cannot begin anew", "error", err)
		return false
	}
	j.db = db
	return true
}

// prune removes what is too old, and the oldest of what is too much.
func (j *Journal) prune() {
	oldest := j.options.Now().Add(-j.options.Keep).UnixMicro()
	err := j.pruneBy(`DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id < ? ORDER BY id LIMIT ?)`, oldest, pruneStep)
	for err == nil {
		var used int64
		used, err = j.used()
		if err != nil || used <= j.options.Bytes {
			break
		}
		var gone int64
		if gone, err = j.exec(`DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY id LIMIT ?)`, pruneStep); gone == 0 {
			break
		}
	}
	if err != nil {
		j.options.Log.Error("the message trace is not pruned", "error", err)
	}
}

// pruneBy repeats a statement until it finds nothing more.
func (j *Journal) pruneBy(statement string, args ...any) error {
	for {
		n, err := j.exec(statement, args...)
		if err != nil || n == 0 {
			return err
		}
	}
}

func (j *Journal) exec(statement string, args ...any) (int64, error) {
	result, err := j.db.Exec(statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// used is how many bytes of the file hold something.
func (j *Journal) used() (n int64, err error) {
	err = j.db.QueryRow(`SELECT (page_count - freelist_count) * page_size
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&n)
	return n, err
}

// clip keeps a text short enough, and UTF-8.
func clip(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ToValidUTF8(s, "?")
}

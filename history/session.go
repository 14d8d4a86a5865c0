package history

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"time"

	"letterbox/telemetry"
)

// What is kept of sessions and devices.
const (
	maxSessions = 20_000
	sessionAge  = 90 * 24 * time.Hour
	maxDevices  = 10_000
	deviceAge   = 180 * 24 * time.Hour
)

// Ended keeps a session that has ended. It returns at once, and drops the session
// when too many wait.
func (h *DB) Ended(r telemetry.Record) {
	select {
	case h.records <- r:
	default:
		h.dropped.Add(1)
	}
}

// keepRecords writes what waits, all of it in one transaction.
func (h *DB) keepRecords() {
	defer close(h.ended)
	for r := range h.records {
		batch := []telemetry.Record{r}
		for len(batch) < maxWaiting && len(h.records) > 0 {
			r, open := <-h.records
			if !open {
				break
			}
			batch = append(batch, r)
		}
		if err := h.writeRecords(context.Background(), batch); err != nil {
			h.dropped.Add(int64(len(batch)))
			h.log.Warn("sessions were not written to the history", "sessions", len(batch), "error", err)
		}
	}
}

func (h *DB) writeRecords(ctx context.Context, batch []telemetry.Record) error {
	return h.write(ctx, func(tx *sql.Tx) error {
		for _, r := range batch {
			w := r.Who
			_, err := tx.Exec(`INSERT INTO session (account, address, device, words, protocol, remote, tls, mechanism,
					began_at, ended_at, received, sent, commands, waiting, ending)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				w.Account, w.Address, w.DeviceKey, w.Device, w.Protocol, w.Remote.String(), w.TLS, w.Mechanism,
				r.Since.Unix(), r.Ended.Unix(), r.Received, r.Sent, r.Commands, int(r.Waiting), r.End)
			if err != nil {
				return err
			}
			if err := writeDevice(tx, r.Glance, r.Ended); err != nil {
				return err
			}
		}
		return nil
	})
}

// Devices notes how far the devices are whose sessions are open.
func (h *DB) Devices(ctx context.Context, open []telemetry.Glance) error {
	return h.write(ctx, func(tx *sql.Tx) error {
		for _, g := range open {
			if err := writeDevice(tx, g, h.now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeDevice notes what a session says of its device. Of several connections,
// the one that is farthest in a mailbox counts.
func writeDevice(tx *sql.Tx, g telemetry.Glance, at time.Time) error {
	w := g.Who
	if w.DeviceKey == "" || w.Protocol != "imap" {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO device (device, account, address, words, remote, tls, waiting, first_at, last_at, mailbox, modseq)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
		ON CONFLICT DO UPDATE SET words = ?4, remote = ?5, tls = ?6, waiting = max(waiting, ?7), last_at = max(last_at, ?9),
			modseq = CASE WHEN ?10 = 0 THEN modseq WHEN mailbox = ?10 THEN max(modseq, ?11) ELSE ?11 END,
			mailbox = CASE WHEN ?10 = 0 THEN mailbox ELSE ?10 END`,
		w.DeviceKey, w.Account, w.Address, w.Device, w.Remote.String(), w.TLS, int(g.Waiting), g.Since.Unix(), at.Unix(),
		g.Seen.Mailbox, int64(g.Seen.ModSeq))
	return err
}

func (h *DB) forgetSessions(tx *sql.Tx) error {
	now := h.now()
	for _, q := range []struct {
		query string
		args  []any
	}{
		{`DELETE FROM session WHERE ended_at < ?`, []any{now.Add(-sessionAge).Unix()}},
		{`DELETE FROM session WHERE id <= (SELECT id FROM session ORDER BY id DESC LIMIT 1 OFFSET ?)`, []any{maxSessions}},
		{`DELETE FROM device WHERE last_at < ?`, []any{now.Add(-deviceAge).Unix()}},
		{`DELETE FROM device WHERE device IN (SELECT device FROM device ORDER BY last_at DESC LIMIT -1 OFFSET ?)`, []any{maxDevices}},
		{`DELETE FROM dismissal WHERE until_at > 0 AND until_at < ?`, []any{now.Unix()}},
	} {
		if _, err := tx.Exec(q.query, q.args...); err != nil {
			return err
		}
	}
	return nil
}

// A Usage is how a device connected within a time.
type Usage struct {
	Account  int64
	Address  string
	Device   string // in words
	Protocol string
	Sessions int           // that have ended
	Median   time.Duration // of how long they lasted
	Broken   int           // of them, without a goodbye
	Sent     int64         // bytes to it
	Last     time.Time
}

// Usages returns the devices that connected since a time, those with the most
// connections first.
func (h *DB) Usages(ctx context.Context, since time.Time, limit int) ([]Usage, error) {
	rows, err := h.sql.QueryContext(ctx, `
		WITH recent AS (
			SELECT *, row_number() OVER (PARTITION BY device, protocol ORDER BY ended_at - began_at) AS n,
				count(*) OVER (PARTITION BY device, protocol) AS of
			FROM session WHERE ended_at >= ?)
		SELECT account, address, words, protocol, count(*), max(CASE WHEN n = (of + 1) / 2 THEN ended_at - began_at END),
			sum(ending IN ('broken', 'closed', 'timeout')), sum(sent), max(ended_at)
		FROM recent GROUP BY device, protocol ORDER BY count(*) DESC, address LIMIT ?`, since.Unix(), limit)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	return scan(rows, func(rows *sql.Rows) (u Usage, err error) {
		var seconds, last int64
		err = rows.Scan(&u.Account, &u.Address, &u.Device, &u.Protocol, &u.Sessions, &seconds, &u.Broken, &u.Sent, &last)
		u.Median, u.Last = time.Duration(seconds)*time.Second, time.Unix(last, 0)
		return u, err
	})
}

// A Device is how far a device of somebody was when it was here last.
type Device struct {
	Key     string // as telemetry.Who has it
	Account int64
	Address string
	Words   string
	Remote  netip.Addr
	Waiting telemetry.Waiting
	First   time.Time
	Last    time.Time
	Seen    telemetry.Seen
}

// KnownDevices returns the devices of an account, or of all (0), those that were
// here last first.
func (h *DB) KnownDevices(ctx context.Context, account int64, limit int) ([]Device, error) {
	rows, err := h.sql.QueryContext(ctx, `SELECT device, account, address, words, remote, waiting, first_at, last_at, mailbox, modseq
		FROM device WHERE ?1 = 0 OR account = ?1 ORDER BY last_at DESC LIMIT ?2`, account, limit)
	if err != nil {
		return nil, fmt.Errorf("read devices: %w", err)
	}
	return scan(rows, func(rows *sql.Rows) (d Device, err error) {
		var remote string
		var first, last, modseq int64
		err = rows.Scan(&d.Key, &d.Account, &d.Address, &d.Words, &remote, &d.Waiting, &first, &last, &d.Seen.Mailbox, &modseq)
		d.Remote, _ = netip.ParseAddr(remote)
		d.First, d.Last, d.Seen.ModSeq = time.Unix(first, 0), time.Unix(last, 0), uint64(modseq)
		return d, err
	})
}

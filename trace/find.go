package trace

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// A Query says which messages are looked for; conditions that are set must all
// hold. Without any, it is the latest messages.
type Query struct {
	Trace     string // of one message
	Address   string // of the sender or a recipient
	MessageID string // with or without angle brackets
	Account   int64  // who sent or received it, or Address
	Since     time.Time
	Until     time.Time

	// Viewer is the account whose eyes see the answer: messages that it sent or
	// received, and of those it received nothing that concerns others. 0: all.
	Viewer int64

	Limit int // messages, the latest; 0: 100
}

// A Trace is what happened to one message, in order of time.
type Trace struct {
	ID     string  `json:"trace"`
	Events []Event `json:"events"`
}

// Find returns messages, the latest first. It waits for what was recorded before.
func (j *Journal) Find(ctx context.Context, q Query) ([]Trace, error) {
	if j == nil {
		return nil, nil
	}
	if err := j.Flush(ctx); err != nil {
		return nil, err
	}
	j.mu.RLock()
	defer j.mu.RUnlock()
	ids, err := j.matching(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("look for messages: %w", err)
	}
	var found []Trace
	for _, id := range ids {
		events, err := j.history(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read the trace of %s: %w", id, err)
		}
		if events = visible(events, q.Viewer); len(events) > 0 {
			found = append(found, Trace{id, events})
		}
	}
	return found, nil
}

// matching returns the messages by their latest event that matches.
func (j *Journal) matching(ctx context.Context, q Query) ([]string, error) {
	where, args := q.conditions()
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	rows, err := j.db.QueryContext(ctx, `SELECT trace FROM event WHERE `+where+` GROUP BY trace ORDER BY max(id) DESC LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// conditions are SQL. The conditions of partial indexes are repeated, so that
// they are used.
func (q Query) conditions() (where string, args []any) {
	all := []string{"true"}
	add := func(condition string, values ...any) {
		all, args = append(all, condition), append(args, values...)
	}
	if q.Trace != "" {
		add("trace = ?", q.Trace)
	}
	if id := strings.Trim(q.MessageID, "<> "); id != "" {
		add("(message_id = ? AND message_id <> '')", id)
	}
	switch {
	case q.Address != "" && q.Account != 0:
		add("(sender = ? AND sender <> '' OR recipient = ? AND recipient <> '' OR account = ? AND account <> 0)", q.Address, q.Address, q.Account)
	case q.Address != "":
		add("(sender = ? AND sender <> '' OR recipient = ? AND recipient <> '')", q.Address, q.Address)
	case q.Account != 0:
		add("(account = ? AND account <> 0)", q.Account)
	}
	if q.Viewer != 0 {
		add("trace IN (SELECT trace FROM event WHERE account = ? AND account <> 0)", q.Viewer)
	}
	if !q.Since.IsZero() {
		add("id >= ?", q.Since.UnixMicro())
	}
	if !q.Until.IsZero() {
		add("id < ?", q.Until.UnixMicro())
	}
	return strings.Join(all, " AND "), args
}

// maxEvents is how many events of one message are shown: the latest.
const maxEvents = 1000

// history reads what happened to one message.
func (j *Journal) history(ctx context.Context, id string) ([]Event, error) {
	rows, err := j.db.QueryContext(ctx, `
		SELECT id, trace, kind, account, sender, recipient, message_id, size, remote, helo, protocol, host, folder, reply, queue, notes
		FROM (SELECT * FROM event WHERE trace = ? ORDER BY id DESC LIMIT ?) ORDER BY id`, id, maxEvents)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Event
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

func scanEvent(rows *sql.Rows) (e Event, err error) {
	var at int64
	var remote, notes string
	err = rows.Scan(&at, &e.Trace, &e.Kind, &e.Account, &e.Sender, &e.Recipient, &e.MessageID, &e.Size, &remote,
		&e.Helo, &e.Protocol, &e.Host, &e.Folder, &e.Reply, &e.Queue, &notes)
	if err != nil {
		return e, err
	}
	e.At = time.UnixMicro(at)
	if remote != "" {
		if e.Remote, err = netip.ParseAddr(remote); err != nil {
			return e, err
		}
	}
	if notes != "" {
		err = json.Unmarshal([]byte(notes), &e.Notes)
	}
	return e, err
}

// visible leaves what the viewer may see. Who sent a message named its recipients
// and may hear of all of them. Who received it learns how it came, what became of
// their own copy and of what they passed on, and neither of other recipients, who may
// be secret, nor where a sender of ours was.
func visible(events []Event, viewer int64) []Event {
	if viewer == 0 {
		return events
	}
	passed := map[string]bool{} // to whom the viewer passes it on
	for _, e := range events {
		passed[e.Recipient] = passed[e.Recipient] || e.Kind == Queued && e.Account == viewer
	}
	var own []Event
	for _, e := range events {
		switch {
		case e.Kind == Received && e.Account == viewer:
			return events
		case e.Kind == Received:
			if e.Account != 0 {
				e.Remote, e.Helo = netip.Addr{}, ""
			}
			own = append(own, e)
		case e.Account == viewer || passed[e.Recipient]:
			own = append(own, e)
		}
	}
	return own
}

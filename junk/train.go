package junk

import (
	"context"
	"fmt"

	"letterbox/database"
	"letterbox/store"
)

// Train learns messages of an account as one class, as if somebody had moved them.
// What they taught before as the other class is replaced.
func (f *Filter) Train(ctx context.Context, id store.AccountID, messages []store.MessageID, class Class) error {
	tasks := make([]task, len(messages))
	for i, m := range messages {
		tasks[i] = task{id, m, class, sourceTrained, nil}
	}
	return f.learn(ctx, tasks...)
}

// Kept returns the latest messages that somebody has read and kept, at most limit.
func (f *Filter) Kept(ctx context.Context, id store.AccountID, limit int) ([]store.MessageID, error) {
	return f.store.ReadAndKept(ctx, id, 1<<62, f.now(), limit)
}

// A Status says what an account has learned.
type Status struct {
	Wanted, Junk int // lessons
	Sources      map[string]int
	Senders      int
	Waiting      int // signs that nobody has learned from yet
	Rules        int
}

// Status counts what an account has learned.
func (f *Filter) Status(ctx context.Context, id store.AccountID) (s Status, err error) {
	s.Sources = map[string]int{}
	err = f.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT junk, source, count(*) FROM lesson WHERE account = ? GROUP BY junk, source`, int64(id))
		if err != nil {
			return err
		}
		for rows.Next() {
			var junk bool
			var source string
			var n int
			if err := rows.Scan(&junk, &source, &n); err != nil {
				return err
			}
			s.Sources[source] += n
			if junk {
				s.Junk += n
			} else {
				s.Wanted += n
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		return c.QueryRow(`SELECT (SELECT count(*) FROM sender WHERE account = ?1), (SELECT count(*) FROM sign WHERE account = ?1),
			(SELECT count(*) FROM sender_rule WHERE account = ?1)`, int64(id)).Scan(&s.Senders, &s.Waiting, &s.Rules)
	})
	if err != nil {
		return s, fmt.Errorf("look at what account %d has learned: %w", id, err)
	}
	return s, nil
}

// Told returns the judgement that was kept with a message when it came, and whether
// there was one.
func (f *Filter) Told(ctx context.Context, message store.MessageID) (j Judgement, found bool, err error) {
	prefix, _, err := f.open(ctx, message)
	if err != nil {
		return j, false, fmt.Errorf("read message %d: %w", message, err)
	}
	j, found = Told(prefix)
	return j, found, nil
}

// Again judges a message that was delivered as if it came now. What others said
// then is taken from its lines.
func (f *Filter) Again(ctx context.Context, id store.AccountID, message store.MessageID) (Judgement, error) {
	prefix, raw, err := f.open(ctx, message)
	if err != nil {
		return Judgement{}, fmt.Errorf("read message %d: %w", message, err)
	}
	m := &Mail{Raw: raw}
	m.once.Do(func() { m.sender, m.features = senderIn(prefix, raw), Read(raw) })
	if before, found := Told(prefix); found {
		for _, r := range before.Reasons {
			switch r.Name {
			case ReasonListed, ReasonRspamd, ReasonMilter, ReasonVirus, ReasonPolicy, ReasonUnchecked:
				m.Evidence.Reasons = append(m.Evidence.Reasons, r)
				if before.Decided == r.Name {
					m.Evidence.Decided = r.Name
				}
			}
		}
	}
	return f.Judge(ctx, id, m), nil
}

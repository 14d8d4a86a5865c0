package junk

import (
	"context"
	"fmt"
	"time"

	"letterbox/database"
	"letterbox/store"
)

// A PeerState is how a peer did lately: since the start, or since other peers were
// set.
type PeerState struct {
	Name             string
	Answered, Failed time.Time // the last time; zero: never
	Why              string    // of the last failure
}

// Fails reports whether the last that was heard of the peer is a failure.
func (s PeerState) Fails() bool { return s.Failed.After(s.Answered) }

// PeerStates are those of all who are asked about mail.
func (f *Filter) PeerStates() (list []PeerState) {
	for _, p := range f.terms.Load().peers {
		p.mu.Lock()
		one := p.state
		p.mu.Unlock()
		one.Name = p.Name()
		list = append(list, one)
	}
	return list
}

// A GreylistState is who has to come twice.
type GreylistState struct {
	Delay   time.Duration // 0: nobody
	Waiting int           // letters that have not come again yet
	Passed  int           // networks that came again and need not any more
}

// GreylistState counts those who are remembered.
func (f *Filter) GreylistState() (s GreylistState) {
	g := f.terms.Load().Greylist
	if g == nil {
		return s
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return GreylistState{g.Delay, len(g.first), len(g.passed)}
}

// Taught is what each account has taught, of each class.
func (f *Filter) Taught(ctx context.Context) (map[store.AccountID][2]int, error) {
	all := map[store.AccountID][2]int{}
	err := f.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT account, junk, count(*) FROM lesson GROUP BY account, junk`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id store.AccountID
			var junk bool
			var n int
			if err := rows.Scan(&id, &junk, &n); err != nil {
				return err
			}
			counts := all[id]
			counts[classOf(junk)] = n
			all[id] = counts
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("count what was learned about junk: %w", err)
	}
	return all, nil
}

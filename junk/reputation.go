package junk

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"letterbox/database"
	"letterbox/store"
)

// A reception is how mail under a name was received.
type reception struct{ wanted, junk, seen int }

// receptions looks names up, four at most.
func (f *Filter) receptions(ctx context.Context, id store.AccountID, names []string) (map[string]reception, error) {
	found := map[string]reception{}
	if len(names) == 0 {
		return found, nil
	}
	var four [4]string
	copy(four[:], names)
	err := f.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT name, wanted, junk, seen FROM sender WHERE account = ? AND name IN (?, ?, ?, ?)`,
			int64(id), four[0], four[1], four[2], four[3])
		if err != nil {
			return err
		}
		for rows.Next() {
			var name string
			var r reception
			if err := rows.Scan(&name, &r.wanted, &r.junk, &r.seen); err != nil {
				return err
			}
			found[name] = r
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("look up senders: %w", err)
	}
	return found, nil
}

// Limits on the reputations of an account.
const (
	maxSenders = 20_000
	senderLife = 400 * 24 * time.Hour // since the last mail
	refLife    = 90 * 24 * time.Hour  // for which an answer finds what it is to
)

// notice counts that mail of a sender went somewhere else than to Junk.
func notice(tx *database.Tx, id store.AccountID, names []string, now time.Time) error {
	for _, name := range names {
		_, err := tx.Exec(`
			INSERT INTO sender (account, name, seen, last_at) VALUES (?1, ?2, 1, ?3)
			ON CONFLICT (account, name) DO UPDATE SET seen = min(seen + 1, 1000), last_at = ?3`, int64(id), name, now.Unix())
		if err != nil {
			return fmt.Errorf("count mail of %s: %w", name, err)
		}
	}
	return nil
}

// known reports whether mail under a sender's address has come to an account
// before and was not junk.
func (f *Filter) known(ctx context.Context, id store.AccountID, address string) (bool, error) {
	var found bool
	err := f.db.Read(ctx, func(c *database.Conn) error { // with or without a network behind it
		return c.QueryRow(`SELECT EXISTS (SELECT 1 FROM sender WHERE account = ?1
			AND (name = ?2 OR name > ?2 || ' ' AND name < ?2 || '!') AND junk = 0 AND wanted + seen > 0)`,
			int64(id), address).Scan(&found)
	})
	if err != nil {
		return false, fmt.Errorf("look up %s: %w", address, err)
	}
	if found {
		return true, nil
	}
	return f.writtenTo(ctx, int64(id), address)
}

// From how much mail on that people wanted somebody is welcome. It weighs more that
// somebody answered or took it out of Junk than that nobody complained.
const (
	welcomeWanted = 1
	welcomeSeen   = 20
)

// WelcomeNetwork reports whether people here want the mail that comes from a
// network: one of them showed so, or much came and little of it was junk.
func (f *Filter) WelcomeNetwork(ctx context.Context, remote netip.Addr) (bool, error) {
	return f.welcome(ctx, "network:", network(remote))
}

// WelcomeDomain is WelcomeNetwork for mail that a domain stands for.
func (f *Filter) WelcomeDomain(ctx context.Context, domain string) (bool, error) {
	return f.welcome(ctx, "domain:", strings.ToLower(domain))
}

func (f *Filter) welcome(ctx context.Context, kind, name string) (bool, error) {
	if f == nil || name == "" {
		return false, nil
	}
	var all reception
	err := f.db.Read(ctx, func(c *database.Conn) error { // a look-up for each account, whose key comes first
		return c.QueryRow(`SELECT coalesce(sum(s.wanted), 0), coalesce(sum(s.junk), 0), coalesce(sum(s.seen), 0)
			FROM account a CROSS JOIN sender s ON s.account = a.id AND s.name = ?`, kind+name).
			Scan(&all.wanted, &all.junk, &all.seen)
	})
	if err != nil {
		return false, fmt.Errorf("look up how mail from %s was received: %w", name, err)
	}
	liked := all.wanted >= welcomeWanted || all.seen >= welcomeSeen
	return liked && 10*all.junk <= all.wanted+all.seen, nil
}

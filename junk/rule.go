package junk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"letterbox/database"
	"letterbox/store"
)

// A Rule is an exception: mail of an address, or of a domain and all below it, that
// is always junk or never.
type Rule struct {
	Account store.AccountID // 0: for everybody
	Pattern string          // "carl@example.net" or "example.net"
	Junk    bool
}

// ErrBadPattern says that a rule is for neither an address nor a domain.
var ErrBadPattern = errors.New("write an address such as carl@example.net, or a domain such as example.net")

// maxRules is how many exceptions an account has, or all together have for everybody.
const maxRules = 1000

// ErrTooManyRules says that there may be no more exceptions.
var ErrTooManyRules = fmt.Errorf("there are %d exceptions, and no room for more; take some back, or make one for a whole domain", maxRules)

// ErrNoRule says that there is no such exception.
var ErrNoRule = errors.New("there is no such exception")

// ParsePattern brings a pattern into the form in which it is kept.
func ParsePattern(text string) (string, error) {
	pattern := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(text), "@"))
	local, domain, isAddress := cutLast(pattern)
	if isAddress && local == "" || !strings.Contains(domain, ".") || strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") ||
		strings.ContainsAny(pattern, " \t\r\n*%,;<>") {
		return "", fmt.Errorf("%q: %w", text, ErrBadPattern)
	}
	return pattern, nil
}

func cutLast(address string) (local, domain string, found bool) {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return "", address, false
	}
	return address[:i], address[i+1:], true
}

// SetRule makes an exception, or changes one; ErrTooManyRules.
func (f *Filter) SetRule(ctx context.Context, r Rule) error {
	err := f.db.Write(ctx, func(tx *database.Tx) error {
		var others int
		err := tx.QueryRow(`SELECT count(*) FROM sender_rule WHERE account = ? AND pattern <> ?`, int64(r.Account), r.Pattern).Scan(&others)
		if err != nil {
			return err
		}
		if others >= maxRules {
			return ErrTooManyRules
		}
		_, err = tx.Exec(`INSERT INTO sender_rule (account, pattern, junk) VALUES (?, ?, ?)
			ON CONFLICT (account, pattern) DO UPDATE SET junk = excluded.junk`, int64(r.Account), r.Pattern, r.Junk)
		return err
	})
	if err != nil {
		return fmt.Errorf("make an exception for %s: %w", r.Pattern, err)
	}
	return nil
}

// RemoveRule takes an exception back; ErrNoRule.
func (f *Filter) RemoveRule(ctx context.Context, id store.AccountID, pattern string) error {
	err := f.db.Write(ctx, func(tx *database.Tx) error {
		res, err := tx.Exec(`DELETE FROM sender_rule WHERE account = ? AND pattern = ?`, int64(id), pattern)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNoRule)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("take back the exception for %s: %w", pattern, err)
	}
	return nil
}

// Rules lists an account's exceptions, or with 0 those for everybody.
func (f *Filter) Rules(ctx context.Context, id store.AccountID) (list []Rule, err error) {
	err = f.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT account, pattern, junk FROM sender_rule WHERE account = ? ORDER BY pattern`, int64(id))
		if err != nil {
			return err
		}
		for rows.Next() {
			var r Rule
			if err := rows.Scan(&r.Account, &r.Pattern, &r.Junk); err != nil {
				return err
			}
			list = append(list, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list exceptions: %w", err)
	}
	return list, nil
}

// exception finds the rule that is nearest to an address: its owner's before one for
// everybody, then the address before the domain, and that before one above it.
func (f *Filter) exception(ctx context.Context, id store.AccountID, address string) (*Rule, error) {
	if address == "" {
		return nil, nil
	}
	patterns := []string{address}
	for domain := domainOf(address); domain != "" && len(patterns) < 6; _, domain, _ = strings.Cut(domain, ".") {
		patterns = append(patterns, domain)
	}
	var best *Rule
	err := f.db.Read(ctx, func(c *database.Conn) error {
		for _, who := range []store.AccountID{id, everybody} {
			for _, pattern := range patterns {
				rows, err := c.Query(`SELECT junk FROM sender_rule WHERE account = ? AND pattern = ?`, int64(who), pattern)
				if err != nil {
					return err
				}
				if rows.Next() {
					best = &Rule{Account: who, Pattern: pattern}
					return rows.Scan(&best.Junk)
				}
				if err := rows.Err(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for exceptions: %w", err)
	}
	return best, nil
}

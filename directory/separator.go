package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"letterbox/database"
)

// DefaultSeparators are those of plus-addressing as everybody knows it (RFC 5233).
const DefaultSeparators = "+"

// Characters that may separate. Those of the second kind are in people's names, too.
const (
	separatorsOnly = "+=#~^"
	inNames        = "-_"
)

// CheckSeparators says what is wrong with characters that are to separate; none at all
// is right, too.
func CheckSeparators(separators string) error {
	for i, r := range separators {
		if !strings.ContainsRune(separatorsOnly+inNames, r) {
			return fmt.Errorf("%q cannot be a separator; choose some of %s, or none", r, separatorsOnly+inNames)
		}
		if strings.ContainsRune(separators[:i], r) {
			return fmt.Errorf("%q stands there twice", r)
		}
	}
	return nil
}

// Separator is the first of those in force, for examples; "" where there is none.
func (d *Directory) Separator() string { return d.separators[:min(1, len(d.separators))] }

// checkSeparators refuses new addresses that look as if they had detail.
func (d *Directory) checkSeparators(a Address) error {
	for _, r := range a.Local {
		if strings.ContainsRune(d.separators, r) && strings.ContainsRune(separatorsOnly, r) {
			return fmt.Errorf("%s: %w: %q begins what a user puts behind their address", a, ErrBadAddress, r)
		}
	}
	return nil
}

// mustNotHide refuses a new address that takes away what another's owner has by
// putting something behind it: anna-shop where there is an anna.
func (d *Directory) mustNotHide(q querier, a Address) error {
	for _, r := range d.readings(a.fold().Local, "")[1:] {
		base := Address{r.local, a.Domain}
		domain, err := domainByName(q, a.Domain)
		if errors.Is(err, ErrNotOurs) {
			return nil // whoever comes next says so
		}
		if err == nil {
			err = mustBeFree(q, domain.ID, base)
		}
		if errors.Is(err, ErrExists) {
			return fmt.Errorf("%s: %w: mail for it is %s's, as mail.separators has it", a, ErrExists, base)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// LeadNowhere lists targets of aliases and of what people pass on that are ours and
// that nobody has: mail for them is lost to their owners, or stays where it is.
func (d *Directory) LeadNowhere(ctx context.Context) (lost []string, err error) {
	err = d.db.Read(ctx, func(c *database.Conn) error {
		rows, err := c.Query(`SELECT target FROM alias UNION SELECT target FROM forward ORDER BY target`)
		if err != nil {
			return err
		}
		targets, err := collect(rows, scanTarget)
		if err != nil {
			return err
		}
		for _, to := range targets {
			found, err := d.newWalk(c, to.String()).follow(to, "")
			if err != nil {
				return err
			}
			if !found {
				lost = append(lost, to.String())
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for addresses that lead nowhere: %w", err)
	}
	return lost, nil
}

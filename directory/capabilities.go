package directory

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"letterbox/database"
)

// Capabilities are words by which a mail server names what it offers to a user's
// clients, beyond or short of what it offers to everybody: for the one client
// that chokes on something. The servers know what the words mean.
type Capabilities struct {
	Withheld []string
	Offered  []string
}

// The settings that hold them end in the user's id, which is never given twice.
const (
	withheldSetting = "capabilities.withheld."
	offeredSetting  = "capabilities.offered."
)

// Capabilities returns what is withheld from a user's clients or offered to them.
func (d *Directory) Capabilities(ctx context.Context, user int64) (c Capabilities, err error) {
	err = d.db.Read(ctx, func(q *database.Conn) error {
		for key, words := range map[string]*[]string{withheldSetting: &c.Withheld, offeredSetting: &c.Offered} {
			value, _, err := setting(q, key+strconv.FormatInt(user, 10))
			if err != nil {
				return err
			}
			*words = strings.Fields(value)
		}
		return nil
	})
	return c, err
}

// SetCapabilities sets them; sessions that are open keep what they have.
func (d *Directory) SetCapabilities(ctx context.Context, address string, c Capabilities) error {
	e := Event{
		Action: "user.capabilities",
		Detail: fmt.Sprintf("withheld: %s; offered: %s", strings.Join(c.Withheld, " "), strings.Join(c.Offered, " ")),
	}
	return d.changeUser(ctx, address, e, func(tx *database.Tx, user *User) error {
		id := strconv.FormatInt(user.ID, 10)
		if err := setSetting(tx, withheldSetting+id, strings.Join(c.Withheld, " ")); err != nil {
			return err
		}
		return setSetting(tx, offeredSetting+id, strings.Join(c.Offered, " "))
	})
}

// removeCapabilities forgets those of a user who goes.
func removeCapabilities(tx *database.Tx, user int64) error {
	id := strconv.FormatInt(user, 10)
	_, err := tx.Exec(`DELETE FROM setting WHERE key IN (?, ?)`, withheldSetting+id, offeredSetting+id)
	return err
}

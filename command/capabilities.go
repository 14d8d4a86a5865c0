package command

import (
	"context"
	"fmt"
	"slices"

	"letterbox/appliance"
	"letterbox/directory"
)

// setCapabilities sets what is withheld from somebody's clients, what is offered
// to them, or both.
func (c *userSet) setCapabilities(ctx context.Context, d *appliance.Data, user *directory.User) error {
	now, err := d.Directory.Capabilities(ctx, user.ID)
	if err != nil {
		return err
	}
	if c.Withhold != nil {
		now.Withheld = *c.Withhold
	}
	if c.Offer != nil {
		now.Offered = *c.Offer
	}
	for _, word := range now.Offered {
		if err := mayOffer(d.Config.IMAP.Withheld, word); err != nil {
			return err
		}
		if slices.Contains(now.Withheld, word) {
			return fmt.Errorf("%s cannot be withheld and offered at once", word)
		}
	}
	return d.Directory.SetCapabilities(ctx, user.Address, now)
}

// mayOffer checks a word of --offer: something that is not offered by default,
// or that is withheld from the others.
func mayOffer(withheld []string, word string) error {
	if slices.Contains(withheld, word) {
		return nil
	}
	var o appliance.Offered
	return o.UnmarshalText([]byte(word))
}

package appliance

import (
	"context"
	"fmt"
	"strings"

	"letterbox/directory"
)

// Settings about mail.separators: those in force when the folder was open last, and
// those that were once in force and are no more.
const (
	separatorsLast    = "mail.separators"
	separatorsDropped = "mail.separators_dropped"
)

// noteSeparators finds out whether addresses that were taken are refused from now on:
// those with a separator that is none any more. It is said at once, and by the doctor
// for as long as it is so.
func (d *Data) noteSeparators(ctx context.Context) error {
	now := d.Config.Mail.Separators
	last, set, err := d.Directory.Setting(ctx, separatorsLast)
	if err != nil {
		return err
	}
	if !set {
		last = directory.DefaultSeparators
	}
	if last == now {
		return nil
	}
	before, _, err := d.Directory.Setting(ctx, separatorsDropped)
	if err != nil {
		return err
	}
	dropped := without(before+without(last, before), now)
	if dropped != "" {
		d.Log.Warn("addresses with detail are refused that were taken before", "separators", dropped,
			"hint", fmt.Sprintf("to take them again, set mail.separators to %q", now+dropped))
	}
	if err := d.Directory.SetSetting(ctx, separatorsDropped, dropped); err != nil {
		return err
	}
	return d.Directory.SetSetting(ctx, separatorsLast, now)
}

// without takes some characters out of a text.
func without(text, some string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(some, r) {
			return -1
		}
		return r
	}, text)
}

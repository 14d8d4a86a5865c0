package appliance

import (
	"context"
	"fmt"
	"slices"
)

// A choice is a key of the configuration that may also be chosen in the browser.
// It is kept in the database, and counts where the configuration leaves the key
// at its default: what somebody wrote into the file is not overruled from afar.
type choice struct {
	key   string // of the configuration
	field func(*Config) any
}

func choices() []choice {
	return []choice{
		{"hostname", func(c *Config) any { return &c.Hostname }},
		{"snapshot.target", func(c *Config) any { return &c.Snapshot.Target }},
	}
}

// settingOf is where a choice is kept.
func settingOf(key string) string { return "config." + key }

// applyChoices fills in what was chosen.
func (d *Data) applyChoices(ctx context.Context) error {
	first := Default()
	for _, c := range choices() {
		value, set, err := d.Directory.Setting(ctx, settingOf(c.key))
		if err != nil {
			return err
		}
		if !set {
			continue
		}
		switch field := c.field(&d.Config).(type) {
		case *string:
			if *field == *c.field(&first).(*string) {
				*field = value
			}
		case *Addresses:
			if slices.Equal(*field, *c.field(&first).(*Addresses)) {
				if err := field.UnmarshalText([]byte(value)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Choose keeps a choice, after the whole configuration was checked with it. It
// counts once the appliance begins anew.
func (d *Data) Choose(ctx context.Context, key, value string) error {
	i := slices.IndexFunc(choices(), func(c choice) bool { return c.key == key })
	if i < 0 {
		return fmt.Errorf("%s is set in the configuration file", key)
	}
	tried := d.Config
	switch field := choices()[i].field(&tried).(type) {
	case *string:
		*field = value
	case *Addresses:
		if err := field.UnmarshalText([]byte(value)); err != nil {
			return err
		}
	}
	if err := tried.Check(); err != nil {
		return err
	}
	return d.Directory.SetSetting(ctx, settingOf(key), value)
}

package appliance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"letterbox/admin"
)

// Keys of the configuration with a choose tag may also be chosen in the browser.
// What was chosen is kept in the database, and counts where neither the file nor
// --set has the key. What could make the appliance run a program, listen
// elsewhere, show its mail to somebody or lock its owner out has no such tag.

// choices is what was chosen in the browser.
type choices struct {
	mu      sync.Mutex        // held while a choice is made
	written Config            // as it is without any choice
	unfit   map[string]string // why a choice does not count, by key
}

// chosen is the configuration with what was chosen in the browser; and why a
// choice is left out. Those that do not go together with a file that was changed
// since must not keep the appliance from starting.
func chosen(written *Config, all map[string]string) (Config, map[string]string) {
	var left []string
	unfit := map[string]string{}
	c := *written
	for _, k := range keys(&c) {
		value, is := all[k.name]
		if !is {
			continue
		}
		from := written.origin(k.name)
		switch {
		case k.choose == "":
			unfit[k.name] = "it is no longer chosen in the browser"
		case from != FromDefault:
			unfit[k.name] = "it was set in the configuration file, or with --set"
		default:
			left = append(left, k.name)
			_ = c.choose(k.name, value) // below it is seen whether it could
		}
	}
	if c.choosesWell(left, all) {
		return c, unfit
	}
	c = *written
	for _, name := range left { // one by one, to find who is to blame
		tried := c
		err := tried.choose(name, all[name])
		if err == nil {
			err = tried.Check()
		}
		if err != nil {
			unfit[name] = err.Error()
			continue
		}
		c = tried
	}
	return c, unfit
}

// choosesWell reports whether all choices together stand in c and are sound.
func (c *Config) choosesWell(names []string, all map[string]string) bool {
	return c.Check() == nil && !slices.ContainsFunc(names, func(name string) bool {
		tried := *c
		return tried.choose(name, all[name]) != nil
	})
}

// choose sets a key to what was chosen for it.
func (c *Config) choose(name, value string) error {
	k, known := c.find(name)
	if !known {
		return unknownKey(name)
	}
	if err := k.set(value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.came(name, FromBrowser)
	return nil
}

// applyChoices fills in what was chosen.
func (d *Data) applyChoices(ctx context.Context) error {
	all, err := d.Directory.Choices(ctx)
	if err != nil {
		return err
	}
	d.choices.written = d.Config
	d.Config, d.choices.unfit = chosen(&d.choices.written, all)
	for name, why := range d.choices.unfit {
		d.Log.Warn("a setting that was chosen in the browser does not count", "key", name, "reason", why)
	}
	return nil
}

// Choose keeps a choice, after the whole configuration was checked with it. It
// counts at once where it can (see alive), else once the appliance begins anew.
func (d *Data) Choose(ctx context.Context, name, value string) error {
	d.choices.mu.Lock()
	defer d.choices.mu.Unlock()
	if k, known := d.Config.find(name); !known || k.choose == "" {
		return fmt.Errorf("%s is set in the configuration file", name)
	}
	all, err := d.Directory.Choices(ctx)
	if err != nil {
		return err
	}
	next, _ := chosen(&d.choices.written, all)
	if err := next.choose(name, value); err != nil {
		return err
	}
	if err := next.Check(); err != nil {
		return err
	}
	k, _ := next.find(name)
	if err := d.Directory.Choose(ctx, name, k.text()); err != nil {
		return err
	}
	return d.reviveKey(ctx, name)
}

// Unchoose goes back to what counts without a choice.
func (d *Data) Unchoose(ctx context.Context, name string) error {
	d.choices.mu.Lock()
	defer d.choices.mu.Unlock()
	all, err := d.Directory.Choices(ctx)
	if err != nil {
		return err
	}
	_, before := chosen(&d.choices.written, all)
	delete(all, name)
	_, after := chosen(&d.choices.written, all)
	for other, why := range after {
		if before[other] == "" {
			return errors.New(why) // what else was chosen is fine only with this
		}
	}
	if err := d.Directory.Unchoose(ctx, name); err != nil {
		return err
	}
	return d.reviveKey(ctx, name)
}

// reviveKey has a key count at once, if it can.
func (d *Data) reviveKey(ctx context.Context, name string) error {
	use, can := alive()[name]
	if !can {
		return nil
	}
	next, _, err := d.nextConfig(ctx)
	if err != nil {
		return err
	}
	return use(d, &next)
}

// nextConfig is the configuration that counts once the appliance begins anew.
func (d *Data) nextConfig(ctx context.Context) (Config, map[string]string, error) {
	all, err := d.Directory.Choices(ctx)
	if err != nil {
		return Config{}, nil, err
	}
	c, unfit := chosen(&d.choices.written, all)
	c.name()
	return c, unfit, nil
}

// alive are the keys that count at once, and how.
func alive() map[string]func(*Data, *Config) error {
	judge := func(d *Data, c *Config) error { return d.useJunk(c) }
	return map[string]func(*Data, *Config) error{
		"log.level": func(d *Data, c *Config) error { return d.useLog(c) },

		"junk.threshold": judge, "junk.lists": judge, "junk.greylist": judge, "junk.virus": judge, "junk.patience": judge,
	}
}

// Settings is every key with its value, where that comes from, and what it will be.
func (d *Data) Settings(ctx context.Context) ([]admin.Setting, error) {
	next, unfit, err := d.nextConfig(ctx)
	if err != nil {
		return nil, err
	}
	now, first := d.Config, Default()
	running, defaults := keys(&now), keys(&first)
	list := make([]admin.Setting, len(defaults))
	for i, k := range keys(&next) {
		_, live := alive()[k.name]
		s := admin.Setting{
			Key: k.name, Doc: k.doc, Value: running[i].text(), Default: defaults[i].text(), Next: k.text(),
			Origin: string(next.origin(k.name)), Choose: k.choose, Live: live, Values: k.values, Unfit: unfit[k.name],
		}
		if live {
			s.Value = s.Next
		}
		if from := d.choices.written.origin(k.name); from != FromDefault {
			s.Choose = ""
		}
		list[i] = s
	}
	return list, nil
}

package appliance

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"letterbox/admin"
	"letterbox/backup"
	"letterbox/doctor"
	"letterbox/records"
)

// machine is what the pages need of this appliance beside its stores. What it
// begins ends with ctx.
func (a *Appliance) machine(d *Data) admin.Machine {
	return admin.Machine{
		Checkup:     d.checkups.whole(d),
		CheckDomain: d.checkups.domain(d),
		CheckName: func(ctx context.Context, hostname string) ([]doctor.Result, error) {
			p, err := d.Patient(ctx)
			if err != nil {
				return nil, err
			}
			p.Hostname = hostname
			return doctor.ExamineName(ctx, p), nil
		},
		Published: func(ctx context.Context, domain string) ([]records.Record, error) {
			one, err := d.Published(ctx, domain)
			return one.Records, err
		},
		NameServers: d.checkups.nameServers(d),
		DomainsChanged: func(ctx context.Context) error {
			d.checkups.forget()
			return d.ServeNames(ctx)
		},
		Retention:    d.Config.Mail.Retention(),
		UndeleteDays: d.Config.Mail.UndeleteDays,
		Forwarding:   d.Config.Mail.Forwarding,
		Room:         d.RoomForMail,
		Plan:         d.Config.SnapshotPlan(),
		Scratch:      filepath.Join(d.Config.Data, backup.Work),
		TakeSnapshot: d.takeSnapshot,
		TryTarget: func(ctx context.Context, address string) error {
			if err := backup.CheckTarget(address); err != nil {
				return err
			}
			return tryTarget(ctx, address, d.Config.SnapshotAccess())
		},
		Choose:    d.Choose,
		Unchoose:  d.Unchoose,
		BeginAnew: d.BeginAnew,
	}
}

// takeSnapshot begins one for somebody who waits for it.
func (d *Data) takeSnapshot() {
	select {
	case d.wanted <- struct{}{}:
	default: // one is wanted already
	}
}

// takeWanted takes the snapshots that are wanted, until ctx ends.
func (d *Data) takeWanted(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.wanted:
		}
		plan := d.Config.SnapshotPlan()
		plan.Hurry = true
		for _, target := range plan.Targets {
			if err := d.Snapshots.Round(ctx, target, plan); err != nil && ctx.Err() == nil {
				d.Log.Error("snapshot failed", "target", target, "error", err)
			}
		}
		d.checkups.forget()
	}
}

// tryTarget writes something to a place, and takes it away again.
func tryTarget(ctx context.Context, address string, access backup.Access) error {
	const name = "letterbox-was-here"
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	t, err := backup.OpenTarget(ctx, address, access)
	if err != nil {
		return err
	}
	err = t.Put(ctx, name, []byte("It can be written.\n"))
	if err == nil {
		err = t.Flush(ctx)
	}
	if err == nil {
		err = t.Remove(ctx, name)
	}
	return errors.Join(err, t.Close())
}

// fresh is how long what was found stays good enough for a page.
const fresh = 10 * time.Minute

// checkups remembers what was found last, so that pages do not ask the world
// each time they are looked at.
type checkups struct {
	mu      sync.Mutex
	all     doctor.Checkup
	domains map[string]doctor.Checkup
	zones   map[string]servedZone
}

// A servedZone is where a domain is in the DNS, as it was seen at a time.
type servedZone struct {
	at      time.Time
	name    string
	servers []string
}

// unhurried is how long a page waits for a name server.
const unhurried = 3 * time.Second

// nameServers finds out who serves a domain. Who cannot be asked is nobody.
func (c *checkups) nameServers(d *Data) func(context.Context, string) (string, []string, error) {
	return func(ctx context.Context, domain string) (string, []string, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if known := c.zones[domain]; time.Since(known.at) < fresh {
			return known.name, known.servers, nil
		}
		names, err := d.Config.DNS.resolver()
		if err != nil {
			return "", nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, unhurried)
		defer cancel()
		name, servers, err := names.Authority(ctx, domain)
		if err != nil {
			d.Log.Info("who serves a domain is unknown", "domain", domain, "error", err)
		}
		if c.zones == nil {
			c.zones = map[string]servedZone{}
		}
		c.zones[domain] = servedZone{time.Now(), name, servers}
		return name, servers, nil
	}
}

func (c *checkups) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all, c.domains, c.zones = doctor.Checkup{}, nil, nil
}

// whole looks at everything. Who asks while somebody else does waits for them.
func (c *checkups) whole(d *Data) func(context.Context, bool) (doctor.Checkup, error) {
	return func(ctx context.Context, anew bool) (doctor.Checkup, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !anew && time.Since(c.all.At) < fresh {
			return c.all, nil
		}
		results, err := d.Checkup(ctx)
		if err == nil {
			c.all = doctor.Checkup{At: time.Now(), Results: results}
		}
		return c.all, err
	}
}

// domain looks at the DNS of one domain.
func (c *checkups) domain(d *Data) func(context.Context, string, bool) (doctor.Checkup, error) {
	return func(ctx context.Context, name string, anew bool) (doctor.Checkup, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if known := c.domains[name]; !anew && time.Since(known.At) < fresh {
			return known, nil
		}
		p, err := d.Patient(ctx)
		if err != nil {
			return doctor.Checkup{}, err
		}
		one, err := d.Published(ctx, name)
		if err != nil {
			return doctor.Checkup{}, err
		}
		if c.domains == nil {
			c.domains = map[string]doctor.Checkup{}
		}
		c.domains[name] = doctor.Checkup{At: time.Now(), Results: doctor.ExamineDomain(ctx, p, one)}
		return c.domains[name], nil
	}
}

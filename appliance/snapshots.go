package appliance

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"letterbox/backup"
)

// localSnapshots is how the target in the data folder itself is written.
const localSnapshots = "snapshots"

func (s Snapshot) check(data string) error {
	var errs []error
	for _, target := range s.Target {
		if target == localSnapshots {
			continue
		}
		if err := backup.CheckTarget(target); err != nil {
			errs = append(errs, fmt.Errorf("snapshot.target: %w", err))
			continue
		}
		if inside, err := filepath.Rel(data, target); err == nil && filepath.IsLocal(inside) && inside != localSnapshots {
			errs = append(errs, fmt.Errorf("snapshot.target: %s lies in the data folder, and would be in every snapshot itself; choose another place, or write %s", target, localSnapshots))
		}
		if strings.HasPrefix(target, "sftp:") && (s.SFTPKeyFile == "" || s.SFTPKnownHosts == "") {
			errs = append(errs, errors.New("snapshot.target: SFTP needs snapshot.sftp_key_file and snapshot.sftp_known_hosts"))
		}
	}
	if _, err := backup.ParseSchedule(s.Schedule); err != nil {
		errs = append(errs, fmt.Errorf("snapshot.schedule: %w", err))
	}
	return errors.Join(errs...)
}

// SnapshotPlan is what the configuration says about snapshots.
func (c *Config) SnapshotPlan() backup.Plan {
	schedule, err := backup.ParseSchedule(c.Snapshot.Schedule)
	if err != nil {
		schedule = backup.Schedule{} // Check refuses it before
	}
	p := backup.Plan{Access: c.SnapshotAccess(), Schedule: schedule, AppendOnly: c.Snapshot.AppendOnly}
	for _, target := range c.Snapshot.Target {
		p.Targets = append(p.Targets, c.SnapshotTarget(target))
	}
	return p
}

// SnapshotTarget is the address of a target as the configuration writes it.
func (c *Config) SnapshotTarget(target string) string {
	if target == localSnapshots {
		return filepath.Join(c.Data, localSnapshots)
	}
	return target
}

// SnapshotAccess is what targets need beside their address.
func (c *Config) SnapshotAccess() backup.Access {
	return backup.Access{
		S3KeyFile:      c.Snapshot.S3KeyFile,
		S3Region:       c.Snapshot.S3Region,
		SFTPKeyFile:    c.Snapshot.SFTPKeyFile,
		SFTPKnownHosts: c.Snapshot.SFTPKnownHosts,
	}
}

// keepSnapshots makes the keeper and what monitoring asks it.
func (d *Data) keepSnapshots() *backup.Keeper {
	k := backup.NewKeeper(backup.Source{
		Folder: d.Config.Data, Config: d.Config.File, DB: d.DB, Blobs: d.Blobs,
		Host: d.Config.Hostname, Program: Version(), Reserve: d.reserve(),
	}, d.Log.With("task", "snapshot"))
	d.Telemetry.Gauge("snapshot_age_seconds", "Age of the last snapshot, at the target where it is oldest; -1: there is none.", func() float64 {
		return oldest(k, &d.Config, func(r backup.Record) time.Time { return r.Last.Time() })
	})
	d.Telemetry.Gauge("snapshot_proven_age_seconds", "Time since a snapshot was restored as a proof, at the target where that is longest; -1: never.", func() float64 {
		return oldest(k, &d.Config, func(r backup.Record) time.Time {
			_, at := r.Proven()
			return at
		})
	})
	return k
}

// oldest returns the largest age over the targets that are configured.
func oldest(k *backup.Keeper, c *Config, at func(backup.Record) time.Time) float64 {
	records, err := k.Records()
	if err != nil {
		return -1
	}
	known := map[string]backup.Record{}
	for _, r := range records {
		known[r.Target] = r
	}
	age := -1.0
	for _, target := range c.SnapshotPlan().Targets {
		when := at(known[target])
		if when.IsZero() {
			return -1
		}
		age = max(age, time.Since(when).Seconds())
	}
	return age
}

// Used reports whether there is an appliance in the data folder.
func (c *Config) Used() (bool, error) { return hasData(c.Data) }

package appliance

import (
	"context"
	"slices"
	"time"

	"letterbox/backup"
)

// Sheet gathers what those have to know who may have to bring the mail back.
func (d *Data) Sheet(ctx context.Context) (*backup.Sheet, error) {
	s := &backup.Sheet{Host: d.Config.Hostname, Program: Version(), Written: time.Now()}
	domains, err := d.Directory.Domains(ctx)
	if err != nil {
		return nil, err
	}
	for _, domain := range domains {
		s.Domains = append(s.Domains, domain.Name)
		usage, _, err := d.Store.DomainUsage(ctx, domain.ID)
		if err != nil {
			return nil, err
		}
		s.Bytes += usage.Bytes
	}
	if s.Keys, err = d.Snapshots.OwnerKeys(); err != nil {
		return nil, err
	}
	records, err := d.Snapshots.Records()
	if err != nil {
		return nil, err
	}
	inner := d.Config.SnapshotTarget("snapshots")
	for _, address := range d.Config.SnapshotPlan().Targets {
		target := backup.SheetTarget{Address: address, Within: address == inner}
		if i := slices.IndexFunc(records, func(r backup.Record) bool { return r.Target == address }); i >= 0 {
			target.Last = records[i].Last.Time()
		}
		s.Targets = append(s.Targets, target)
	}
	return s, nil
}

package appliance

import (
	"context"
	"time"

	"letterbox/finding"
	"letterbox/quota"
	"letterbox/store"
)

// Kinds of findings about room. Their arguments stand behind them.
const (
	mailboxFull = "mailbox-full" // address, percent, what is used, the limit
	domainFull  = "domain-full"  // domain, percent, what is used, the limit
	diskFull    = "disk-full"    // when: soonest, at the present rate; what is free
)

// fullnessEvery is how often it is looked who is full, beside each crossing of a
// threshold.
const fullnessEvery = time.Hour

// foresight is for how long beforehand a disk that fills up is worth a word.
const foresight = 60 * 24 * time.Hour

// lookForFull finds what is full, or is about to be, for those who look at the
// findings.
func (d *Data) lookForFull(ctx context.Context, now time.Time) error {
	all, err := d.fullMailboxes(ctx, now)
	if err != nil {
		return err
	}
	domains, err := d.fullDomains(ctx, now)
	if err != nil {
		return err
	}
	disk, err := d.fullDisk(ctx, now)
	if err != nil {
		return err
	}
	all = append(append(all, domains...), disk...)
	d.full.Store(&all)
	return nil
}

// fullness is a source of findings.
func (d *Data) fullness(context.Context) []finding.Finding {
	if all := d.full.Load(); all != nil {
		return *all
	}
	return nil
}

// nearlyFull is the highest threshold below 100, in percent.
func (q Quota) nearlyFull() int {
	highest := 95
	for _, percent := range q.Thresholds {
		if percent < 100 {
			highest = percent
		}
	}
	return highest
}

// full makes a finding; red once there is no room at all.
func full(kind, subject string, r quota.Resource, now time.Time) finding.Finding {
	f := finding.Finding{
		Kind: kind, Subject: subject, Severity: finding.Amber, Times: 1, First: now, Last: now,
		Args: []any{subject, int(r.Used * 100 / max(r.Limit, 1)), r.Used, r.Limit},
	}
	if r.Name == quota.Storage {
		f.Args[2], f.Args[3] = finding.Bytes(r.Used), finding.Bytes(r.Limit)
	}
	if r.Used >= r.Limit {
		f.Severity = finding.Red
	}
	return f
}

func (d *Data) fullMailboxes(ctx context.Context, now time.Time) (all []finding.Finding, err error) {
	reached, err := d.Store.Reached(ctx, d.Config.Quota.nearlyFull())
	for _, w := range reached {
		all = append(all, full(mailboxFull, d.address(ctx, w.Account), w.Resource, now))
	}
	return all, err
}

func (d *Data) fullDomains(ctx context.Context, now time.Time) (all []finding.Finding, err error) {
	domains, err := d.Directory.Domains(ctx)
	if err != nil {
		return nil, err
	}
	for _, domain := range domains {
		usage, limit, err := d.Store.DomainUsage(ctx, domain.ID)
		if err != nil {
			return nil, err
		}
		if c, reached := (quota.Thresholds{d.Config.Quota.nearlyFull()}).Reached(limit.Total, usage); reached {
			all = append(all, full(domainFull, domain.Name, c.Resource, now))
		}
	}
	return all, nil
}

// fullDisk says when mail would be refused for want of room on the disk, if that is
// soon.
func (d *Data) fullDisk(ctx context.Context, now time.Time) ([]finding.Finding, error) {
	room, err := d.RoomForMail()
	if err != nil {
		return nil, nil // the size of the disk is unknown, as at the start
	}
	f, known, err := d.Store.Forecast(ctx, store.AccountID(0), d.Blobs.Stats().Bytes+room)
	if err != nil || !known || f.Soonest.IsZero() || f.Soonest.Sub(now) > foresight {
		return nil, err
	}
	return []finding.Finding{{
		Kind: diskFull, Severity: finding.Amber, Times: 1, First: now, Last: now,
		Args: []any{f.Soonest, finding.Bytes(room)},
	}}, nil
}

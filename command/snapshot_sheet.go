package command

import (
	"context"
	"fmt"
	"time"

	"letterbox/appliance"
	"letterbox/backup"
	"letterbox/control"
	"letterbox/phrase"
)

type snapshotSheet struct {
	HTML     bool   `help:"A page to be printed from a browser. Default: plain text."`
	Language string `default:"en" placeholder:"en|de" help:"The language of those who are to read it."`
}

func (*snapshotSheet) Help() string {
	return "It says where the snapshots are, what opens them and which command brings the mail back, in plain words. The key is not on it: write by hand where that is kept."
}

func (c *snapshotSheet) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	s, err := sheetOf(ctx, d)
	if err != nil {
		return err
	}
	l := phrase.In(c.Language)
	if c.HTML {
		_, err = fmt.Fprint(stdio.Out, s.HTML(l))
		return err
	}
	_, err = fmt.Fprint(stdio.Out, s.Text(l))
	return err
}

// sheetOf gathers what is on the sheet.
func sheetOf(ctx context.Context, d *appliance.Data) (*backup.Sheet, error) {
	s := &backup.Sheet{Host: d.Config.Hostname, Program: appliance.Version(), Written: time.Now()}
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
	inner := d.Config.SnapshotTarget("snapshots")
	for _, target := range d.Config.SnapshotPlan().Targets {
		r, err := recordOf(d, target)
		if err != nil {
			return nil, err
		}
		s.Targets = append(s.Targets, backup.SheetTarget{Address: target, Within: target == inner, Last: r.Last.Time()})
	}
	return s, nil
}

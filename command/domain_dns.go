package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/records"
)

type domainDNS struct {
	Domain string `arg:"" help:"One of ours."`
	listFlags
}

func (c *domainDNS) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Directory.EnsureKeys(ctx, c.Domain); err != nil {
		return err
	}
	keys, err := d.Directory.PublishedKeys(ctx, c.Domain)
	if err != nil {
		return err
	}
	list, err := records.Of(c.Domain, d.Config.Settings(), keys)
	if err != nil {
		return err
	}
	if c.JSON {
		return c.print(stdio.Out, list, nil)
	}
	return records.WriteZone(stdio.Out, list)
}

type domainKeys struct {
	Domain string `arg:"" help:"One of ours."`
}

func (c *domainKeys) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Directory.RotateKeys(ctx, c.Domain); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "New keys for %s are made. They sign in a week; publish them before that:\n\n", c.Domain)
	return (&domainDNS{Domain: c.Domain}).inside(ctx, d, stdio)
}

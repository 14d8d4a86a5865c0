package command

import (
	"context"
	"fmt"
	"strings"

	"letterbox/appliance"
	"letterbox/control"
)

type aliasCmd struct {
	Add    aliasAdd    `cmd:"" help:"Let an address lead to another."`
	List   aliasList   `cmd:"" help:"List the aliases."`
	Remove aliasRemove `cmd:"" help:"Take a target from an address."`
}

type aliasAdd struct {
	Address string `arg:"" help:"The new address. *@DOMAIN takes what nobody else takes."`
	Target  string `arg:"" help:"Where its mail goes. Repeat the command for several targets."`
}

func (c *aliasAdd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Directory.AddAlias(ctx, c.Address, c.Target); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s now leads to %s.\n", c.Address, c.Target)
	return nil
}

type aliasList struct{ listFlags }

func (c *aliasList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	aliases, err := d.Directory.Aliases(ctx)
	if err != nil {
		return err
	}
	type record struct {
		Address string   `json:"address"`
		Targets []string `json:"targets"`
	}
	records := []record{}
	t := &table{
		header: []string{"ADDRESS", "LEADS TO"},
		empty:  "No alias yet. Add one: letterbox alias add ADDRESS TARGET",
	}
	for _, a := range aliases {
		records = append(records, record(a))
		t.add(a.Address, strings.Join(a.Targets, ", "))
	}
	return c.print(stdio.Out, records, t)
}

type aliasRemove struct {
	Address string `arg:"" help:"The address."`
	Target  string `arg:"" help:"The target that it is to lead to no more."`
}

func (c *aliasRemove) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Directory.RemoveAlias(ctx, c.Address, c.Target); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s no longer leads to %s.\n", c.Address, c.Target)
	return nil
}

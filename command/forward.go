package command

import (
	"context"
	"fmt"
	"strings"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
)

type forwardCmd struct {
	Set    forwardSet    `cmd:"" help:"Pass somebody's mail on."`
	List   forwardList   `cmd:"" help:"List who passes mail on."`
	Remove forwardRemove `cmd:"" help:"Pass somebody's mail on no longer."`
}

type forwardSet struct {
	Address string   `arg:"" help:"The user's."`
	Targets []string `arg:"" help:"Where the mail goes; these alone from now on."`
	NoKeep  bool     `help:"Leave no copy with the user."`
}

func (c *forwardSet) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	f := directory.Forward{Address: c.Address, Targets: c.Targets, Keep: !c.NoKeep}
	if err := d.Directory.SetForward(ctx, f); err != nil {
		return err
	}
	words := "a copy stays"
	if c.NoKeep {
		words = "no copy stays"
	}
	fmt.Fprintf(stdio.Out, "Mail for %s goes on to %s; %s.\n", c.Address, strings.Join(c.Targets, ", "), words)
	return nil
}

type forwardRemove struct {
	Address string `arg:"" help:"The user's."`
}

func (c *forwardRemove) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Directory.SetForward(ctx, directory.Forward{Address: c.Address}); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "Mail for %s stays with its owner.\n", c.Address)
	return nil
}

type forwardList struct{ listFlags }

func (c *forwardList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	forwards, err := d.Directory.Forwards(ctx)
	if err != nil {
		return err
	}
	type record struct {
		Address string   `json:"address"`
		Targets []string `json:"targets"`
		Keep    bool     `json:"keep"`
	}
	records := []record{}
	t := &table{header: []string{"ADDRESS", "GOES TO", "COPY"}, empty: "Nobody passes mail on. To begin: letterbox forward set ADDRESS TARGET"}
	for _, f := range forwards {
		records = append(records, record(f))
		t.add(f.Address, strings.Join(f.Targets, ", "), map[bool]string{true: "stays", false: "-"}[f.Keep])
	}
	return c.print(stdio.Out, records, t)
}

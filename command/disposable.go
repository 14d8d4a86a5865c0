package command

import (
	"context"
	"errors"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
)

type disposableCmd struct {
	Add  disposableAdd  `cmd:"" help:"Make up an address for somebody, for one purpose."`
	List disposableList `cmd:"" help:"List somebody's, with who wrote to them last."`
	Off  disposableOff  `cmd:"" help:"Refuse mail to one from now on."`
	On   disposableOn   `cmd:"" help:"Take mail to one again."`
}

type disposableAdd struct {
	User string `arg:"" help:"Whose."`
	Note string `arg:"" help:"What for, such as the name of a shop."`
}

func (c *disposableAdd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.User)
	if err != nil {
		return err
	}
	made, err := d.Directory.AddDisposable(ctx, user.ID, c.Note)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s leads to %s. To end that: letterbox disposable off %s %s\n", made.Address, user.Address, user.Address, made.Address)
	return nil
}

type disposableOff struct {
	User    string `arg:"" help:"Whose."`
	Address string `arg:"" help:"Which."`
}

func (c *disposableOff) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := switchDisposable(ctx, d, c.User, c.Address, true); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "Mail to %s is refused.\n", c.Address)
	return nil
}

type disposableOn struct {
	User    string `arg:"" help:"Whose."`
	Address string `arg:"" help:"Which."`
}

func (c *disposableOn) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := switchDisposable(ctx, d, c.User, c.Address, false); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s leads to %s again.\n", c.Address, c.User)
	return nil
}

func switchDisposable(ctx context.Context, d *appliance.Data, user, address string, off bool) error {
	owner, err := d.Directory.User(ctx, user)
	if err != nil {
		return err
	}
	err = d.Directory.SwitchDisposable(ctx, owner.ID, address, off)
	if errors.Is(err, directory.ErrNoSuchAlias) {
		return fmt.Errorf("%s has no such address; see: letterbox disposable list %s", owner.Address, owner.Address)
	}
	return err
}

type disposableList struct {
	listFlags
	User string `arg:"" help:"Whose."`
}

type disposableRecord struct {
	Address string `json:"address"`
	Note    string `json:"note"`
	Off     bool   `json:"off"`
	Created string `json:"created"`
	Used    string `json:"used"`
	UsedBy  string `json:"used_by"`
	Uses    int    `json:"uses"`
}

func (c *disposableList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.User)
	if err != nil {
		return err
	}
	list, err := d.Directory.Disposables(ctx, user.ID)
	if err != nil {
		return err
	}
	records := []disposableRecord{}
	t := &table{
		header: []string{"ADDRESS", "FOR", "STATE", "USED", "LAST", "BY"},
		empty:  fmt.Sprintf("None yet. Make one: letterbox disposable add %s NOTE", user.Address),
	}
	for _, one := range list {
		records = append(records, disposableRecord{one.Address, one.Note, one.Off, stamp(one.Created), stamp(one.Used), one.UsedBy, one.Uses})
		state := "on"
		if one.Off {
			state = "off"
		}
		t.add(one.Address, one.Note, state, plural(one.Uses, "time"), moment(one.Used), one.UsedBy)
	}
	return c.print(stdio.Out, records, t)
}

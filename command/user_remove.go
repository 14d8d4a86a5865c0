package command

import (
	"context"
	"fmt"
	"time"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/store"
)

type userRemove struct {
	Address string              `arg:"" help:"Who."`
	After   *appliance.Duration `placeholder:"TIME" help:"Lock them out now and remove them after this time, such as '14 days'; until then 'letterbox user keep' undoes it."`
	Yes     bool                `help:"Do it. Without this flag, only say what would be lost."`
}

func (c *userRemove) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.Address)
	if err != nil {
		return err
	}
	if c.After == nil {
		return removeUser(ctx, d, stdio, user, c.Yes)
	}
	due, err := d.Directory.Leave(ctx, user.Address, time.Duration(*c.After))
	if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s is locked out, and will be removed with all mail in the night after %s.\nTo undo this: letterbox user keep %s\n",
		user.Address, moment(due), user.Address)
	return nil
}

type userKeep struct {
	Address string `arg:"" help:"Who."`
}

func (c *userKeep) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Directory.Stay(ctx, c.Address); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s stays.\n", c.Address)
	return nil
}

// removeUser removes a user or a team with all mail, or says what that would be.
func removeUser(ctx context.Context, d *appliance.Data, stdio control.Stdio, user *directory.User, yes bool) error {
	account := store.AccountID(user.ID)
	if err := d.Store.EnsureAccount(ctx, account); err != nil {
		return err
	}
	usage, _, err := d.Store.Usage(ctx, account)
	if err != nil {
		return err
	}
	if !yes {
		return fmt.Errorf("this would remove %s with %s (%s) for good; repeat it with --yes to do so",
			user.Address, plural(usage.Messages, "message"), size(usage.Bytes))
	}
	if err := d.RemoveUser(ctx, user); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s removed with %s.\n", user.Address, plural(usage.Messages, "message"))
	return nil
}

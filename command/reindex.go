package command

import (
	"context"
	"fmt"
	"io"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/store"
)

type reindexCmd struct {
	Address string `arg:"" optional:"" help:"Whose mail. Default: everybody's."`
}

// inside builds indexes anew. Interrupted, it leaves the rest to the appliance,
// which goes on by itself.
func (c *reindexCmd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	users, err := c.users(ctx, d)
	if err != nil {
		return err
	}
	for _, user := range users {
		account := store.AccountID(user.ID)
		if err := d.Store.Reindex(ctx, account, showProgress(stdio.Out, user.Address)); err != nil {
			return fmt.Errorf("reindex %s: %w", user.Address, err)
		}
		fmt.Fprintf(stdio.Out, "%s: done\n", user.Address)
	}
	return nil
}

func (c *reindexCmd) users(ctx context.Context, d *appliance.Data) ([]directory.User, error) {
	if c.Address == "" {
		return d.Directory.Users(ctx)
	}
	user, err := d.Directory.User(ctx, c.Address)
	if err != nil {
		return nil, fmt.Errorf("reindex %s: %w", c.Address, err)
	}
	return []directory.User{*user}, nil
}

// showProgress writes a line for each tenth.
func showProgress(w io.Writer, address string) func(done, of int64) {
	shown := int64(0)
	return func(done, of int64) {
		if tenth := done * 10 / max(of, 1); tenth > shown && tenth < 10 {
			shown = tenth
			fmt.Fprintf(w, "%s: %d %%\n", address, tenth*10)
		}
	}
}

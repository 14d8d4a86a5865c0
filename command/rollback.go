package command

import (
	"context"
	"errors"
	"fmt"

	"letterbox/appliance"
	"letterbox/database"
	"letterbox/store"
)

type rollbackCmd struct {
	Yes  bool `help:"Do it. Without this flag, only say what would be done."`
	Lose bool `help:"Do it although the mail that came since the update cannot be read."`
}

func (*rollbackCmd) Help() string {
	return "The appliance must not run. Mail that came since the update is written to files first, which the older program takes in again. Users, aliases and settings are those of before the update. It can be interrupted and run again."
}

func (c *rollbackCmd) local(ctx context.Context, s *shell) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	u, err := appliance.LastUpgrade(ctx, config.Data)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "On %s the data was brought from version %d (program %s) to version %d (program %s).\n",
		moment(u.At), u.From, u.FromProgram, u.To, u.ToProgram)
	for _, difference := range u.Differences {
		fmt.Fprintf(s.Out, "  %s\n", difference)
	}
	for _, b := range u.Snapshots {
		if b.Error != "" {
			fmt.Fprintf(s.Out, "No snapshot of before went to %s: %s.\n", b.Target, b.Error)
		} else {
			fmt.Fprintf(s.Out, "Snapshot %s at %s is of before.\n", b.Snapshot, b.Target)
		}
	}
	rescued, err := c.newMail(ctx, s, config, u)
	var inUse *appliance.InUseError
	if errors.As(err, &inUse) || err != nil && !c.Lose {
		return err
	}
	if !c.Yes {
		return fmt.Errorf("this would take it back and write %s to files that came since; repeat it with --yes to do so", plural(rescued.messages, "message"))
	}
	report, err := appliance.Rollback(ctx, config, s.log())
	if err != nil {
		return err
	}
	c.tell(s, config.Data, &report, rescued)
	return nil
}

// newMail writes what came since the update to files; without --yes it only
// counts. Of a rollback that was broken off this is done.
func (c *rollbackCmd) newMail(ctx context.Context, s *shell, config appliance.Config, u *appliance.Upgrade) (newMail, error) {
	m := newMail{folder: u.Since(), dry: !c.Yes}
	if appliance.HalfRolledBack(config.Data) {
		return m, m.list()
	}
	kept, err := database.Open(ctx, u.Database(), database.Options{Log: s.log(), AsIs: true, Readers: 1})
	if err != nil {
		return m, err
	}
	m.last, err = store.LastMessage(ctx, kept)
	if err := errors.Join(err, kept.Close()); err != nil {
		return m, err
	}
	d, err := appliance.OpenData(ctx, config, s.log(), true)
	if err != nil {
		return m, fmt.Errorf("read the mail that came since the update: %w; to go back without it: --lose", err)
	}
	return m, errors.Join(m.all(ctx, d), d.Close())
}

// tell says what is left to do.
func (c *rollbackCmd) tell(s *shell, data string, r *appliance.RollbackReport, m newMail) {
	fmt.Fprintf(s.Out, "The data is as it was before. The newer database is now %s.\n", r.Aside)
	fmt.Fprintf(s.Out, "Next: install the version before (%s) again and start that; this one would update the data anew.\n", r.FromProgram)
	if r.Held > 0 {
		fmt.Fprintf(s.Out, "%s in the queue are held, since they may have left meanwhile: letterbox queue list, then retry or drop.\n", plural(r.Held, "recipient"))
	}
	if len(m.files) > 0 {
		fmt.Fprintf(s.Out, "%s came since. To take them in again, with the older program:\n", plural(m.messages, "message"))
	}
	for _, f := range m.files {
		fmt.Fprintf(s.Out, "  letterbox --data %s import --account %s --mailbox %s %s\n", quote(data), quote(f.address), quote(f.mailbox), quote(f.path))
	}
}

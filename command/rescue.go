package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"letterbox/appliance"
)

type rescueCmd struct {
	Deleted bool `help:"Do it although the database is whole: then mail comes back that was deleted and not yet cleared away."`
}

func (*rescueCmd) Help() string {
	return "The appliance must not run. A damaged database is set aside, and what it still tells is used: users with their passwords, folders, flags. It can be interrupted and run again."
}

func (c *rescueCmd) local(ctx context.Context, s *shell) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	if err := becomeOwner(config.Data); err != nil {
		return err
	}
	bar := newProgress(s.Err, "rescue", -1, false)
	report, err := appliance.Rescue(ctx, config, appliance.RescueOptions{Log: s.log(), Whole: c.Deleted, Progress: bar.set})
	bar.end()
	if errors.Is(err, appliance.ErrWhole) {
		return fmt.Errorf("%w; to have mail back that was deleted, if it is not yet cleared away: letterbox rescue --deleted", err)
	}
	if err != nil {
		return err
	}
	return s.tellRescue(&report)
}

func (s *shell) tellRescue(r *appliance.RescueReport) error {
	fmt.Fprintf(s.Out, "%s restored, %d were there already.\n", plural(r.Restored, "message"), r.Present)
	if r.Aside != "" {
		fmt.Fprintf(s.Out, "The damaged database is now %s. It still told %s, and of %s the folder and flags that they had last.\n",
			r.Aside, plural(r.Users, "user"), plural(r.Places, "message"))
	}
	if len(r.Made) > 0 {
		fmt.Fprintf(s.Out, "New, since only their mail was left, and without a password (letterbox user passwd ADDRESS):\n  %s\n", strings.Join(r.Made, "\n  "))
	}
	fmt.Fprintln(s.Out, "Not restored: mail that was to leave and had not left yet, rights on shared folders and what others have seen in them, subscriptions, and what programs noted at folders (METADATA). Limits and folders without mail may be missing. A snapshot has all of it.")
	if r.Damage != nil {
		fmt.Fprintf(s.Err, "letterbox: %v\n", r.Damage)
	}
	if lost := r.Damaged + r.Orphaned; lost > 0 {
		return fmt.Errorf("%s could not be read; a snapshot may have them", plural(lost, "message"))
	}
	if r.Damage != nil {
		return errors.New("the packs are damaged; messages that stood there are lost unless a snapshot has them")
	}
	return nil
}

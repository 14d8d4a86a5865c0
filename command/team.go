package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/store"
)

type teamCmd struct {
	Add    teamAdd    `cmd:"" help:"Add a team: an address with mailboxes that its members share, and that nobody signs in to."`
	List   teamList   `cmd:"" help:"List the teams with their members and what they keep."`
	Remove teamRemove `cmd:"" help:"Remove a team and all its mail."`
	Member memberCmd  `cmd:"" help:"The members of a team."`
}

type teamAdd struct {
	Address string `arg:"" help:"Such as info@example.org; the domain must be here."`
	Name    string `help:"The team's name."`
}

func (c *teamAdd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	team, err := d.Directory.AddTeam(ctx, c.Address, c.Name)
	if err != nil {
		return err
	}
	if err := d.Store.EnsureAccount(ctx, store.AccountID(team.ID)); err != nil {
		return fmt.Errorf("%s was added, but has no mailboxes yet: %w", team.Address, err)
	}
	fmt.Fprintf(stdio.Out, "%s added. Next: letterbox team member add %s USER\n", team.Address, team.Address)
	return nil
}

type teamList struct{ listFlags }

type teamRecord struct {
	userRecord
	Members []memberRecord `json:"members"`
}

func (c *teamList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	teams, err := d.Directory.Teams(ctx)
	if err != nil {
		return err
	}
	records := []teamRecord{}
	t := &table{
		header: []string{"ADDRESS", "NAME", "MEMBERS", "MESSAGES", "SIZE", "SINCE"},
		empty:  "No team yet. Add one: letterbox team add ADDRESS",
	}
	for _, team := range teams {
		r, err := recordUser(ctx, d, team)
		if err != nil {
			return fmt.Errorf("%s: %w", team.Address, err)
		}
		members, err := membersOf(ctx, d, &team)
		if err != nil {
			return fmt.Errorf("%s: %w", team.Address, err)
		}
		records = append(records, teamRecord{r, members})
		t.add(team.Address, team.Name, fmt.Sprint(len(members)), fmt.Sprint(r.Messages), size(r.Bytes), moment(team.Created))
	}
	return c.print(stdio.Out, records, t)
}

// teamOf finds a team.
func teamOf(ctx context.Context, d *appliance.Data, address string) (*directory.User, error) {
	team, err := d.Directory.User(ctx, address)
	if err == nil && !team.Team {
		err = fmt.Errorf("%s is a user and no team; see: letterbox team list", address)
	}
	return team, err
}

type teamRemove struct {
	Address string `arg:"" help:"Which."`
	Yes     bool   `help:"Do it. Without this flag, only say what would be lost."`
}

func (c *teamRemove) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	team, err := teamOf(ctx, d, c.Address)
	if err != nil {
		return err
	}
	return removeUser(ctx, d, stdio, team, c.Yes)
}

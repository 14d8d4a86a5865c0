package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/store"
)

type memberCmd struct {
	Add    memberAdd    `cmd:"" help:"Let somebody see the team's mailboxes, or change what they may do there."`
	List   memberList   `cmd:"" help:"List the members of a team."`
	Remove memberRemove `cmd:"" help:"Take somebody out of a team."`
}

type memberAdd struct {
	Team   string     `arg:"" help:"The team's address."`
	User   string     `arg:"" help:"Who."`
	Rights rightsFlag `arg:"" optional:"" default:"full" help:"read, write (read, change what is in them, and send from the team's address), full (write, and make, rename and delete mailboxes), manage (full, and share them on), or letters of RFC 4314."`
}

func (c *memberAdd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := setMember(ctx, d, c.Team, c.User, store.Rights(c.Rights)); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s is a member of %s: %s.\n", c.User, c.Team, describe(store.Rights(c.Rights)))
	return nil
}

// setMember changes what somebody may do in a team; 0 takes them out.
func setMember(ctx context.Context, d *appliance.Data, address, user string, r store.Rights) error {
	team, err := teamOf(ctx, d, address)
	if err != nil {
		return err
	}
	who, err := personOf(ctx, d, user)
	if err != nil {
		return err
	}
	if err := d.Store.SetMember(ctx, store.AccountID(team.ID), who, r); err != nil {
		return err
	}
	return d.Directory.Record(ctx, directory.Event{Action: "team.member", Subject: team.Address, Detail: user + " " + describe(r)})
}

type memberRemove struct {
	Team string `arg:"" help:"The team's address."`
	User string `arg:"" help:"Who."`
}

func (c *memberRemove) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := setMember(ctx, d, c.Team, c.User, 0); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s is no longer a member of %s.\n", c.User, c.Team)
	return nil
}

type memberList struct {
	listFlags
	Team string `arg:"" help:"The team's address."`
}

type memberRecord struct {
	Address string `json:"address"`
	Rights  string `json:"rights"`
	Letters string `json:"letters"`
}

func (c *memberList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	team, err := teamOf(ctx, d, c.Team)
	if err != nil {
		return err
	}
	members, err := membersOf(ctx, d, team)
	if err != nil {
		return err
	}
	t := &table{
		header: []string{"MEMBER", "RIGHTS"},
		empty:  fmt.Sprintf("Nobody yet. Add somebody: letterbox team member add %s USER", team.Address),
	}
	for _, m := range members {
		t.add(m.Address, m.Rights)
	}
	return c.print(stdio.Out, members, t)
}

func membersOf(ctx context.Context, d *appliance.Data, team *directory.User) ([]memberRecord, error) {
	grants, err := d.Store.Members(ctx, store.AccountID(team.ID))
	if err != nil {
		return nil, err
	}
	members := []memberRecord{}
	for _, g := range grants {
		address, err := nameOf(ctx, d, g.Account)
		if err != nil {
			return nil, err
		}
		members = append(members, memberRecord{address, describe(g.Rights), g.Rights.String()})
	}
	return members, nil
}

package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
)

type appPasswordCmd struct {
	Add    appPasswordAdd    `cmd:"" help:"Make a password for one device; it is printed once."`
	List   appPasswordList   `cmd:"" help:"List somebody's app passwords."`
	Revoke appPasswordRevoke `cmd:"" help:"End one, and the sessions that it opened."`
}

type appPasswordAdd struct {
	Address string   `arg:"" help:"Whose."`
	Name    string   `arg:"" help:"The device, such as \"Anna's phone\"."`
	For     []string `default:"imap,submission" enum:"imap,submission" help:"What it opens: imap (reading), submission (sending)."`
}

func (c *appPasswordAdd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	secret, made, err := d.Directory.AddAppPassword(ctx, c.Address, c.Name, c.For...)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s may sign in with it for: %s.\n", made.Name, strings.Join(made.Scopes, ", "))
	tellPassword(stdio.Out, secret, true)
	return nil
}

type appPasswordList struct {
	listFlags
	Address string `arg:"" help:"Whose."`
}

type appPasswordRecord struct {
	ID       int64    `json:"id"`
	Name     string   `json:"name"`
	For      []string `json:"for"`
	Created  string   `json:"created"`
	Used     string   `json:"used"` // "": never
	UsedFrom string   `json:"used_from"`
	UsedBy   string   `json:"used_by"`
}

func (c *appPasswordList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.Address)
	if err != nil {
		return err
	}
	all, err := d.Directory.AppPasswords(ctx, user.ID)
	if err != nil {
		return err
	}
	records := []appPasswordRecord{}
	t := &table{
		header: []string{"ID", "NAME", "FOR", "SINCE", "LAST USED", "FROM", "BY"},
		empty:  fmt.Sprintf("No app password yet. Make one: letterbox user app-password add %s NAME", user.Address),
	}
	for _, p := range all {
		records = append(records, appPasswordRecord{p.ID, p.Name, p.Scopes, stamp(p.Created), stamp(p.Used), p.UsedFrom, p.UsedBy})
		t.add(strconv.FormatInt(p.ID, 10), p.Name, strings.Join(p.Scopes, ","), moment(p.Created), moment(p.Used), orDash(p.UsedFrom), orDash(p.UsedBy))
	}
	return c.print(stdio.Out, records, t)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type appPasswordRevoke struct {
	Address string `arg:"" help:"Whose."`
	ID      int64  `arg:"" help:"Which, by its number in the list."`
}

func (c *appPasswordRevoke) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Directory.RevokeAppPassword(ctx, c.Address, c.ID); err != nil {
		return fmt.Errorf("%w; see: letterbox user app-password list %s", err, c.Address)
	}
	fmt.Fprintln(stdio.Out, "Revoked: nobody signs in with it any more.")
	return nil
}

type secondFactorCmd struct {
	Reset secondFactorReset `cmd:"" help:"Take somebody's second factors away, who has lost their telephone and their recovery codes."`
}

type secondFactorReset struct {
	Address string `arg:"" help:"Whose."`
}

func (c *secondFactorReset) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Directory.ResetSecondFactor(ctx, c.Address); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s signs in with the password alone again. App passwords stay; see: letterbox user app-password list %s\n", c.Address, c.Address)
	return nil
}

type userInvite struct {
	Address string `arg:"" help:"Who; they are a user already."`
}

func (c *userInvite) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	token, until, err := d.Directory.Invite(ctx, c.Address)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s chooses a password here, once, until %s:\n%s\n",
		c.Address, moment(until), d.Config.Link(directory.InvitationPath+token))
	return nil
}

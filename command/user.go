package command

import (
	"context"
	"fmt"
	"io"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/store"
)

type userCmd struct {
	Add    userAdd    `cmd:"" help:"Add somebody. The password is read from standard input, or asked for; an empty one is made up and printed."`
	List   userList   `cmd:"" help:"List the users with what they keep here."`
	Passwd userPasswd `cmd:"" help:"Set somebody's password, in the same way as add."`
	Set    userSet    `cmd:"" help:"Change what somebody may do and keep."`
	Invite userInvite `cmd:"" help:"Print a link by which somebody chooses their own password."`
	Remove userRemove `cmd:"" help:"Remove somebody and all their mail."`
	Keep   userKeep   `cmd:"" help:"Undo 'remove --after'."`

	AppPassword  appPasswordCmd  `cmd:"" help:"Passwords for one device each. Who has a second factor needs them to read and send mail."`
	SecondFactor secondFactorCmd `cmd:"" help:"What people sign in to the web pages with, beside their password."`
}

type userAdd struct {
	Address string `arg:"" help:"Such as anna@example.org; the domain must be here."`
	Name    string `help:"The person's name."`
}

func (c *userAdd) local(ctx context.Context, s *shell) error {
	return s.withPassword(ctx, c)
}

// withPassword runs an inside command that reads a password.
func (s *shell) withPassword(ctx context.Context, cmd inside) error {
	in, err := s.askPassword(ctx)
	if err != nil {
		return err
	}
	return s.inside(ctx, cmd, control.Stdio{In: in, Out: s.Out, Err: s.Err})
}

func (c *userAdd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	password, generated, err := readPassword(stdio)
	if err != nil {
		return err
	}
	user, err := d.Directory.AddUser(ctx, c.Address, c.Name, password)
	if err != nil {
		return err
	}
	if err := d.Store.EnsureAccount(ctx, store.AccountID(user.ID)); err != nil {
		return fmt.Errorf("%s was added, but has no mailboxes yet: %w", user.Address, err)
	}
	fmt.Fprintf(stdio.Out, "%s added.\n", user.Address)
	tellPassword(stdio.Out, password, generated)
	return nil
}

func tellPassword(w io.Writer, password string, generated bool) {
	if generated {
		fmt.Fprintf(w, "Password: %s\n", password)
	}
}

type userPasswd struct {
	Address string `arg:"" help:"Whose."`
}

func (c *userPasswd) local(ctx context.Context, s *shell) error {
	return s.withPassword(ctx, c)
}

func (c *userPasswd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	password, generated, err := readPassword(stdio)
	if err != nil {
		return err
	}
	if err := d.Directory.SetPassword(ctx, c.Address, password); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s has a new password.\n", c.Address)
	tellPassword(stdio.Out, password, generated)
	return nil
}

type userSet struct {
	Address string  `arg:"" help:"Who."`
	Disable bool    `xor:"state" help:"Let them neither sign in nor send. Their mail still arrives."`
	Enable  bool    `xor:"state" help:"Undo --disable."`
	Role    *string `placeholder:"ROLE" help:"What they may do on the pages besides looking after themselves: admin (everything), helper (look after people), auditor (see everything, change nothing), or '' for nothing more."`

	Quota     *sizeLimit  `placeholder:"SIZE" help:"How much they may keep, such as '5 GB'; 0 for any, 'default' for what their domain gives everybody."`
	Messages  *countLimit `placeholder:"N" help:"How many messages they may keep; 0 for any, or 'default'."`
	Mailboxes *countLimit `placeholder:"N" help:"How many mailboxes they may have; 0 for any, or 'default'."`

	Withhold *appliance.Capabilities `placeholder:"NAMES" help:"IMAP capabilities that their mail programs are not offered, such as NOTIFY,QRESYNC; '' for none."`
	Offer    *appliance.Capabilities `placeholder:"NAMES" help:"IMAP capabilities that they are offered though others are not, such as UIDONLY; '' for none."`
}

func (c *userSet) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.Address)
	if err != nil {
		return err
	}
	if c.Disable || c.Enable {
		if err := d.Directory.SetDisabled(ctx, c.Address, c.Disable); err != nil {
			return err
		}
	}
	if c.Role != nil {
		if err := d.Directory.SetRole(ctx, c.Address, *c.Role); err != nil {
			return err
		}
	}
	if c.Quota != nil || c.Messages != nil || c.Mailboxes != nil {
		if err := c.setLimit(ctx, d.Store, store.AccountID(user.ID)); err != nil {
			return fmt.Errorf("%s: set quota: %w", user.Address, err)
		}
	}
	if c.Withhold != nil || c.Offer != nil {
		if err := c.setCapabilities(ctx, d, user); err != nil {
			return fmt.Errorf("%s: set capabilities: %w", user.Address, err)
		}
	}
	fmt.Fprintf(stdio.Out, "%s changed.\n", user.Address)
	return nil
}

func (c *userSet) setLimit(ctx context.Context, s *store.Store, a store.AccountID) error {
	if err := s.EnsureAccount(ctx, a); err != nil {
		return err
	}
	limit, err := s.OwnLimit(ctx, a)
	if err != nil {
		return err
	}
	if c.Quota != nil {
		limit.Bytes = int64(*c.Quota)
	}
	if c.Messages != nil {
		limit.Messages = int64(*c.Messages)
	}
	if c.Mailboxes != nil {
		limit.Mailboxes = int64(*c.Mailboxes)
	}
	return s.SetLimit(ctx, a, limit)
}

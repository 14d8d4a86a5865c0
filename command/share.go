package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/store"
)

type shareCmd struct {
	Add    shareAdd    `cmd:"" help:"Let somebody see a mailbox of somebody else."`
	List   shareList   `cmd:"" help:"List who sees whose mailboxes."`
	Remove shareRemove `cmd:"" help:"Take that back."`
}

// rightsFlag is what somebody may do: a word, or the letters of RFC 4314.
type rightsFlag store.Rights

// rightsWords are the words, least first.
var rightsWords = []struct {
	word   string
	rights store.Rights
}{
	{"read", store.ReadRights},
	{"write", store.WriteRights},
	{"full", store.FullRights},
	{"manage", store.AllRights},
}

// UnmarshalText reads either.
func (r *rightsFlag) UnmarshalText(text []byte) error {
	for _, w := range rightsWords {
		if w.word == string(text) {
			*r = rightsFlag(w.rights)
			return nil
		}
	}
	letters, err := store.ParseRights(string(text))
	if err != nil || letters == 0 {
		return fmt.Errorf("%q is neither read, write, full or manage nor letters out of %s", text, store.AllRights)
	}
	*r = rightsFlag(letters)
	return nil
}

// describe writes rights as a word where there is one, else as letters.
func describe(r store.Rights) string {
	for _, w := range rightsWords {
		if w.rights == r {
			return w.word
		}
	}
	return r.String()
}

const anyone = "anyone"

type shareAdd struct {
	Owner   string     `arg:"" help:"Whose mailbox: the address of a user or a team."`
	Mailbox string     `arg:"" help:"Which, such as INBOX."`
	With    string     `arg:"" help:"Who shall see it: the address of a user, or 'anyone' for all users."`
	Rights  rightsFlag `arg:"" optional:"" default:"read" help:"read, write (read, and change what is in it), full (write, and make, rename and delete mailboxes), manage (full, and share it on), or letters of RFC 4314."`
}

func (c *shareAdd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := grant(ctx, d, c.Owner, c.Mailbox, c.With, store.Rights(c.Rights)); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s of %s is open to %s: %s.\n", c.Mailbox, c.Owner, c.With, describe(store.Rights(c.Rights)))
	return nil
}

// grant sets somebody's rights on a mailbox; 0 takes them away.
func grant(ctx context.Context, d *appliance.Data, owner, mailbox, with string, r store.Rights) error {
	account, err := accountOf(ctx, d, owner)
	if err != nil {
		return err
	}
	m, err := d.Store.Mailbox(ctx, account, mailbox)
	if err != nil {
		return err
	}
	who := store.Anyone
	if with != anyone {
		if who, err = personOf(ctx, d, with); err != nil {
			return err
		}
	}
	if who == account {
		return fmt.Errorf("%s owns the mailbox and may do everything with it", with)
	}
	if err := d.Store.Grant(ctx, m.ID, who, func(store.Rights) store.Rights { return r }); err != nil {
		return err
	}
	return d.Directory.Record(ctx, directory.Event{
		Action: "share.set", Subject: owner + "/" + m.Name, Detail: with + " " + describe(r),
	})
}

// personOf finds the account of somebody who can sign in.
func personOf(ctx context.Context, d *appliance.Data, address string) (store.AccountID, error) {
	user, err := d.Directory.User(ctx, address)
	if err == nil && user.Team {
		err = fmt.Errorf("%s: %w", address, directory.ErrTeam)
	}
	if err != nil {
		return 0, err
	}
	return store.AccountID(user.ID), nil
}

type shareRemove struct {
	Owner   string `arg:"" help:"Whose mailbox."`
	Mailbox string `arg:"" help:"Which."`
	With    string `arg:"" help:"Who shall see it no more, or 'anyone'."`
}

func (c *shareRemove) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := grant(ctx, d, c.Owner, c.Mailbox, c.With, 0); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "%s of %s is closed to %s.\n", c.Mailbox, c.Owner, c.With)
	return nil
}

type shareList struct {
	listFlags
	Owner string `arg:"" optional:"" help:"Only what this user or team shares. Without: what all users share."`
}

type shareRecord struct {
	Owner   string `json:"owner"`
	Mailbox string `json:"mailbox"`
	With    string `json:"with"`
	Rights  string `json:"rights"`
	Letters string `json:"letters"`
}

func (c *shareList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	owners, err := c.owners(ctx, d)
	if err != nil {
		return err
	}
	records := []shareRecord{}
	t := &table{
		header: []string{"OWNER", "MAILBOX", "WITH", "RIGHTS"},
		empty:  "Nothing is shared. Share something: letterbox share add OWNER MAILBOX WITH",
	}
	for _, owner := range owners {
		shares, err := d.Store.Shares(ctx, store.AccountID(owner.ID))
		if err != nil {
			return err
		}
		for _, sh := range shares {
			with, err := nameOf(ctx, d, sh.Account)
			if err != nil {
				return err
			}
			records = append(records, shareRecord{owner.Address, sh.Mailbox, with, describe(sh.Rights), sh.Rights.String()})
			t.add(owner.Address, sh.Mailbox, with, describe(sh.Rights))
		}
	}
	return c.print(stdio.Out, records, t)
}

func (c *shareList) owners(ctx context.Context, d *appliance.Data) ([]directory.User, error) {
	if c.Owner == "" {
		return d.Directory.Users(ctx)
	}
	owner, err := d.Directory.User(ctx, c.Owner)
	if err != nil {
		return nil, err
	}
	return []directory.User{*owner}, nil
}

// nameOf is the address of an account, or anyone.
func nameOf(ctx context.Context, d *appliance.Data, a store.AccountID) (string, error) {
	if a == store.Anyone {
		return anyone, nil
	}
	user, err := d.Directory.UserByID(ctx, int64(a))
	if err != nil {
		return "", err
	}
	return user.Address, nil
}

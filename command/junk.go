package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
	"letterbox/junk"
	"letterbox/store"
)

type junkCmd struct {
	Status  junkStatus  `cmd:"" help:"Show what was learned, and which exceptions there are."`
	Explain junkExplain `cmd:"" help:"Say why a message is in Junk, or is not."`
	Train   junkTrain   `cmd:"" help:"Learn from the mail that is there already: after an import, say."`
	Allow   junkAllow   `cmd:"" help:"Never take somebody's mail for junk."`
	Deny    junkDeny    `cmd:"" help:"Always take somebody's mail for junk."`
}

// everybody stands for all users where a command takes an exception.
const everybody = "everybody"

type junkStatus struct {
	Address string `arg:"" optional:"" help:"Whose. Without: all."`
	listFlags
}

// A junkRecord is what somebody has taught, in JSON.
type junkRecord struct {
	Address string         `json:"address"`
	Wanted  int            `json:"wanted"`
	Junk    int            `json:"junk"`
	Sources map[string]int `json:"sources"` // said, trained, known, kept
	Senders int            `json:"senders"`
	Waiting int            `json:"waiting"`
	Rules   []ruleRecord   `json:"exceptions"`
}

type ruleRecord struct {
	Sender string `json:"sender"`
	Junk   bool   `json:"junk"`
	For    string `json:"for"`
}

func (c *junkStatus) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	users, err := junkUsers(ctx, d, c.Address)
	if err != nil {
		return err
	}
	records := []junkRecord{}
	t := &table{header: []string{"ADDRESS", "WANTED", "JUNK", "SENDERS", "WAITING", "EXCEPTIONS"}, empty: "There are no users."}
	for _, u := range users {
		r, err := newJunkRecord(ctx, d, u)
		if err != nil {
			return err
		}
		records = append(records, r)
		t.add(r.Address, fmt.Sprint(r.Wanted), fmt.Sprint(r.Junk), fmt.Sprint(r.Senders), fmt.Sprint(r.Waiting), exceptions(r.Rules))
	}
	if !c.JSON && !d.Config.Junk.Enabled {
		fmt.Fprintln(stdio.Out, "Nobody judges mail: junk.enabled is false. What people do is learned all the same.")
	}
	return c.print(stdio.Out, records, t)
}

func junkUsers(ctx context.Context, d *appliance.Data, address string) ([]directory.User, error) {
	if address == "" {
		return d.Directory.Everybody(ctx)
	}
	user, err := d.Directory.User(ctx, address)
	if err != nil {
		return nil, err
	}
	return []directory.User{*user}, nil
}

func newJunkRecord(ctx context.Context, d *appliance.Data, u directory.User) (junkRecord, error) {
	s, err := d.Junk.Status(ctx, store.AccountID(u.ID))
	if err != nil {
		return junkRecord{}, err
	}
	r := junkRecord{u.Address, s.Wanted, s.Junk, s.Sources, s.Senders, s.Waiting, []ruleRecord{}}
	for _, who := range []struct {
		id   store.AccountID
		name string
	}{{store.AccountID(u.ID), u.Address}, {0, everybody}} {
		rules, err := d.Junk.Rules(ctx, who.id)
		if err != nil {
			return r, err
		}
		for _, rule := range rules {
			r.Rules = append(r.Rules, ruleRecord{rule.Pattern, rule.Junk, who.name})
		}
	}
	return r, nil
}

// exceptions are told in a column.
func exceptions(rules []ruleRecord) string {
	var words []string
	for _, r := range rules {
		word := "allow "
		if r.Junk {
			word = "deny "
		}
		words = append(words, word+r.Sender)
	}
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, ", ")
}

type junkTrain struct {
	Address string   `arg:"" help:"Whose."`
	Junk    []string `placeholder:"MAILBOX" default:"Junk" help:"Mailboxes of junk."`
	Wanted  []string `placeholder:"MAILBOX" help:"Mailboxes of mail that is wanted. Default: all that was read and kept, wherever but in Junk and in the trash."`
	Limit   int      `default:"1000" help:"How many messages of each, the latest ones."`
}

func (c *junkTrain) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	account, err := accountOf(ctx, d, c.Address)
	if err != nil {
		return err
	}
	unwanted, err := latest(ctx, d, account, c.Junk, c.Limit)
	if err != nil {
		return err
	}
	wanted, err := latest(ctx, d, account, c.Wanted, c.Limit)
	if err == nil && len(c.Wanted) == 0 {
		wanted, err = d.Junk.Kept(ctx, account, c.Limit)
	}
	if err != nil {
		return err
	}
	slices.Reverse(wanted) // the latest are learned last, and forgotten last
	slices.Reverse(unwanted)
	if err := d.Junk.Train(ctx, account, wanted, junk.Wanted); err != nil {
		return err
	}
	if err := d.Junk.Train(ctx, account, unwanted, junk.Junk); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "Learned from %s that is wanted, and %s of junk.\n", plural(len(wanted), "message"), plural(len(unwanted), "message"))
	if s, err := d.Junk.Status(ctx, account); err != nil || min(s.Wanted, s.Junk) < junk.Enough {
		fmt.Fprintf(stdio.Out, "Words count in full from %d of each on; there are %d and %d.\n", junk.Enough, s.Wanted, s.Junk)
		return err
	}
	return nil
}

// latest lists the messages of mailboxes, those that came last first.
func latest(ctx context.Context, d *appliance.Data, account store.AccountID, names []string, limit int) (ids []store.MessageID, err error) {
	for _, name := range names {
		box, err := d.Store.Mailbox(ctx, account, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		err = d.Store.Rows(ctx, box.ID, everything(), store.Bare, func(row *store.Row) error {
			ids = append(ids, row.Message)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids[:min(len(ids), limit)], nil
}

type junkAllow struct{ junkException }
type junkDeny struct{ junkException }

func (c *junkAllow) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	return c.set(ctx, d, stdio.Out, false)
}

func (c *junkDeny) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	return c.set(ctx, d, stdio.Out, true)
}

type junkException struct {
	Address string `arg:"" help:"For whom; the word everybody for all."`
	Sender  string `arg:"" help:"An address, or a domain with all below it."`
	Remove  bool   `help:"Take the exception back."`
}

func (c *junkException) set(ctx context.Context, d *appliance.Data, out io.Writer, isJunk bool) error {
	pattern, err := junk.ParsePattern(c.Sender)
	if err != nil {
		return err
	}
	rule := junk.Rule{Pattern: pattern, Junk: isJunk}
	if c.Address != everybody {
		if rule.Account, err = accountOf(ctx, d, c.Address); err != nil {
			return err
		}
	}
	action, words := "junk.allow", "is never taken for junk"
	switch {
	case c.Remove:
		action, words = "junk.forget", "is judged like any other"
		err = d.Junk.RemoveRule(ctx, rule.Account, pattern)
	case isJunk:
		action, words = "junk.deny", "always goes to Junk"
		fallthrough
	default:
		err = d.Junk.SetRule(ctx, rule)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Mail of %s to %s %s.\n", pattern, c.Address, words)
	return d.Directory.Record(ctx, directory.Event{Action: action, Subject: c.Address, Detail: pattern})
}

package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
)

type vacationCmd struct {
	Set  vacationSet  `cmd:"" help:"Let senders be told that somebody is away. The text is read from standard input."`
	List vacationList `cmd:"" help:"List what senders are told."`
	Stop vacationStop `cmd:"" help:"Tell senders no longer. The text is kept."`
}

type vacationSet struct {
	Address string `arg:"" help:"Who is away: a user or a team."`
	First   string `placeholder:"DAY" help:"The first day away, such as 2026-12-24. Default: at once."`
	Last    string `placeholder:"DAY" help:"The last day away. Default: until it is stopped."`
	Subject string `help:"The subject of the answer. Default: that of the message, behind Auto:."`
	From    string `placeholder:"ADDRESS" help:"From whom the answer is, such as 'Anna Berg <anna@example.org>'. Default: the address that was written to."`
	Days    int    `default:"7" help:"In how many days each sender is told once."`
}

// maxVacationInput is more than any text may have.
const maxVacationInput = 64 << 10

func (c *vacationSet) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.Address)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(stdio.In, maxVacationInput))
	if err != nil {
		return fmt.Errorf("read the text: %w", err)
	}
	v := directory.Vacation{
		On: true, First: c.First, Last: c.Last, Subject: c.Subject, Text: strings.TrimSpace(string(text)), From: c.From, Days: c.Days,
	}
	if err := d.Directory.SetVacation(ctx, user.ID, v); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "Who writes to %s is told so %s.\n", user.Address, whenAway(v))
	return nil
}

// whenAway says from when and until when.
func whenAway(v directory.Vacation) string {
	words := "from now on"
	if v.First != "" {
		words = "from " + v.First + " on"
	}
	if v.Last != "" {
		words += " and until " + v.Last
	}
	return words
}

type vacationStop struct {
	Address string `arg:"" help:"Who is back."`
}

func (c *vacationStop) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	user, err := d.Directory.User(ctx, c.Address)
	if err != nil {
		return err
	}
	v, err := d.Directory.Vacation(ctx, user.ID)
	if err != nil {
		return err
	}
	v.On = false
	if err := d.Directory.SetVacation(ctx, user.ID, v); err != nil {
		return err
	}
	fmt.Fprintf(stdio.Out, "Nobody is told any more that %s is away.\n", user.Address)
	return nil
}

type vacationList struct{ listFlags }

type vacationRecord struct {
	Address string `json:"address"`
	On      bool   `json:"on"`
	Now     bool   `json:"now"`
	First   string `json:"first"`
	Last    string `json:"last"`
	Subject string `json:"subject"`
	From    string `json:"from"`
	Days    int    `json:"days"`
	Text    string `json:"text"`
}

func (c *vacationList) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	everybody, err := d.Directory.Everybody(ctx)
	if err != nil {
		return err
	}
	records := []vacationRecord{}
	t := &table{
		header: []string{"ADDRESS", "STATE", "FIRST", "LAST", "SUBJECT"},
		empty:  "Nobody is away. To tell senders: letterbox vacation set ADDRESS < TEXT",
	}
	now := time.Now()
	for _, user := range everybody {
		v, err := d.Directory.Vacation(ctx, user.ID)
		if err != nil {
			return err
		}
		if v.Text == "" {
			continue
		}
		records = append(records, vacationRecord{user.Address, v.On, v.Applies(now), v.First, v.Last, v.Subject, v.From, v.Days, v.Text})
		t.add(user.Address, awayState(v, now), cmp.Or(v.First, "-"), cmp.Or(v.Last, "-"), cmp.Or(v.Subject, "-"))
	}
	return c.print(stdio.Out, records, t)
}

func awayState(v directory.Vacation, now time.Time) string {
	switch {
	case !v.On:
		return "off"
	case v.Applies(now):
		return "away"
	case v.Over(now):
		return "over"
	}
	return "later"
}

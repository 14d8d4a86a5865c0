package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
	"letterbox/phrase"
)

type snapshotSheet struct {
	HTML     bool   `help:"A page to be printed from a browser. Default: plain text."`
	Language string `default:"en" placeholder:"en|de" help:"The language of those who are to read it."`
}

func (*snapshotSheet) Help() string {
	return "It says where the snapshots are, what opens them and which command brings the mail back, in plain words. The key is not on it: write by hand where that is kept."
}

func (c *snapshotSheet) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	s, err := d.Sheet(ctx)
	if err != nil {
		return err
	}
	l := phrase.In(c.Language)
	if c.HTML {
		_, err = fmt.Fprint(stdio.Out, s.HTML(l))
		return err
	}
	_, err = fmt.Fprint(stdio.Out, s.Text(l))
	return err
}

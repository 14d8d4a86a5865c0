package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"letterbox/appliance"
	"letterbox/control"
)

// healthPatience is how long an appliance may take to say that it is well.
const healthPatience = 10 * time.Second

type healthCmd struct{}

func (*healthCmd) Help() string {
	return "For containers and scripts: exit status 0 when an appliance serves the data folder and its database answers, 1 when not."
}

// local does not open the folder when nobody serves it: that is no good health.
func (c *healthCmd) local(ctx context.Context, s *shell) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	status, err := control.Call(ctx, config.Data, appliance.ControlSocket, s.args, s.Stdio)
	switch {
	case errors.Is(err, control.ErrNotRunning):
		return fmt.Errorf("no appliance serves %s", config.Data)
	case err != nil:
		return err
	case status != statusOK:
		return statusError(status)
	}
	return nil
}

func (c *healthCmd) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	if err := d.Healthy(ctx); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	fmt.Fprintln(stdio.Out, "ok")
	return nil
}

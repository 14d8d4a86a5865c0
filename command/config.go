package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
)

type configCmd struct {
	Sample configSample `cmd:"" help:"Print a configuration file with every key, its meaning and its default."`
	Check  configCheck  `cmd:"" help:"Say what is wrong with the configuration, if anything."`
}

type configSample struct{}

func (c *configSample) local(_ context.Context, s *shell) error {
	return appliance.WriteSample(s.Out)
}

type configCheck struct{}

func (c *configCheck) local(_ context.Context, s *shell) error {
	if _, err := s.config(); err != nil {
		return err
	}
	fmt.Fprintln(s.Out, "The configuration is fine.")
	return nil
}

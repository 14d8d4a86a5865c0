package command

import (
	"context"
	"fmt"

	"letterbox/appliance"
	"letterbox/control"
)

type configCmd struct {
	Sample configSample `cmd:"" help:"Print a configuration file with every key, its meaning and its default."`
	Check  configCheck  `cmd:"" help:"Say what is wrong with the configuration file, if anything."`
	Show   configShow   `cmd:"" help:"Show what is set, and where: in the file, with --set, or in the browser."`
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

type configShow struct {
	All bool `help:"Keys at their defaults, too."`
	listFlags
}

// A keyRecord is a key of the configuration in JSON.
type keyRecord struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Origin  string `json:"origin"` // default, browser, file, flag
	Next    string `json:"next"`   // once the appliance begins anew
	Unfit   string `json:"unfit"`  // why what was chosen in the browser does not count
}

func (c *configShow) inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error {
	settings, err := d.Settings(ctx)
	if err != nil {
		return err
	}
	records := []keyRecord{}
	t := &table{header: []string{"KEY", "VALUE", "DEFAULT", "FROM"}, empty: "Everything is at its default."}
	for _, s := range settings {
		if !c.All && s.Origin == "default" && !s.Changed() && s.Unfit == "" {
			continue
		}
		records = append(records, keyRecord{s.Key, s.Value, s.Default, s.Origin, s.Next, s.Unfit})
		from := s.Origin
		if s.Waits() {
			from += ", waits: " + orDash(s.Next)
		}
		if s.Unfit != "" {
			from += ", not what was chosen in the browser: " + s.Unfit
		}
		t.add(s.Key, orDash(s.Value), orDash(s.Default), from)
	}
	return c.print(stdio.Out, records, t)
}

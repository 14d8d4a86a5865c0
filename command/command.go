// Package command is the command line: one file per command, each a struct that
// kong fills.
//
// A command is local, or inside, or both. A local one runs in the process that
// the user started (it asks for passwords, reads and writes the user's files). An
// inside one runs where the data folder is open: in the appliance when one runs,
// to which arguments, standard input and output are carried by package control;
// else in the user's own process, which opens the folder itself. What is both is
// local first and calls its inside part through (*shell).inside.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/alecthomas/kong"
	"letterbox/appliance"
	"letterbox/control"
	"letterbox/directory"
)

// Exit statuses.
const (
	statusOK = iota
	statusFailed
	statusUsage
)

// A statusError ends a command that has said itself what was wrong.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// local is a command of the user's process.
type local interface {
	local(ctx context.Context, s *shell) error
}

// inside is a command that runs where the data is.
type inside interface {
	inside(ctx context.Context, d *appliance.Data, stdio control.Stdio) error
}

// Main runs a command line as the user gave it and returns the exit status:
// 0, 1 (failed) or 2 (usage).
func Main(ctx context.Context, args []string, stdio control.Stdio) int {
	var flags cli
	cmd, status := parse(&flags, args, stdio)
	if cmd == nil {
		return status
	}
	s := &shell{flags: &flags, args: args, Stdio: stdio}
	var err error
	switch cmd := cmd.(type) {
	case local:
		err = cmd.local(ctx, s)
	case inside:
		err = s.inside(ctx, cmd, stdio)
	}
	return report(err, stdio.Err)
}

// execute runs the inside part of a command line that came by the socket.
func execute(ctx context.Context, d *appliance.Data, args []string, stdio control.Stdio) int {
	cmd, status := parse(&cli{}, args, stdio)
	if cmd == nil {
		return status
	}
	in, ok := cmd.(inside)
	if !ok {
		return report(errors.New("this command does not run inside the appliance"), stdio.Err)
	}
	return report(in.inside(asCommandLine(ctx), d, stdio), stdio.Err)
}

// asCommandLine names who acts, for the audit log.
func asCommandLine(ctx context.Context) context.Context {
	return directory.ActingAs(ctx, "command line", netip.Addr{})
}

// parse fills flags and returns the command that was chosen; nil when there is
// nothing left to do but to exit with status.
func parse(flags *cli, args []string, stdio control.Stdio) (cmd any, status int) {
	exit := -1
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parser, err := newParser(flags, stdio, func(status int) { exit = status })
	if err != nil {
		return nil, report(err, stdio.Err)
	}
	chosen, err := parser.Parse(args)
	if exit >= 0 { // --help was given, and is answered
		return nil, exit
	}
	if err != nil {
		fmt.Fprintf(stdio.Err, "letterbox: %v\nRun 'letterbox --help', or --help behind a command, to see what there is.\n", err)
		return nil, statusUsage
	}
	return chosen.Selected().Target.Addr().Interface(), 0
}

func newParser(flags *cli, stdio control.Stdio, exit func(int)) (*kong.Kong, error) {
	return kong.New(flags,
		kong.Name("letterbox"),
		kong.Description("A mail server for your own domains, in one program and one data folder."),
		kong.Writers(stdio.Out, stdio.Err),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
}

// report prints an error and turns it into an exit status.
func report(err error, w io.Writer) int {
	var status statusError
	switch {
	case err == nil:
		return statusOK
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(w, "letterbox: interrupted")
	default:
		fmt.Fprintf(w, "letterbox: %v\n", err)
	}
	return statusFailed
}

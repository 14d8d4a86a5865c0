package command

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
	"letterbox/control"
)

type manCmd struct{}

func (c *manCmd) local(_ context.Context, s *shell) error { return WriteMan(s.Out) }

// WriteMan writes the manual page in roff, made from the command line itself.
func WriteMan(w io.Writer) error {
	parser, err := newParser(&cli{}, control.Stdio{Out: io.Discard, Err: io.Discard}, func(int) {})
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, ".TH LETTERBOX 1 \"\" Letterbox\n.SH NAME\nletterbox \\- a mail server for your own domains\n")
	fmt.Fprintf(b, ".SH SYNOPSIS\n.B letterbox\n[\\fIflags\\fR] \\fIcommand\\fR ...\n")
	fmt.Fprintf(b, ".SH DESCRIPTION\n%s\n", roff(manDescription))
	fmt.Fprintf(b, ".SH FLAGS\nFor every command.\n")
	for _, flag := range parser.Model.Flags {
		writeFlag(b, flag)
	}
	fmt.Fprintf(b, ".SH COMMANDS\n")
	for _, leaf := range parser.Model.Leaves(true) {
		writeCommand(b, leaf)
	}
	fmt.Fprintf(b, ".SH EXIT STATUS\n0 when it worked, 1 when it failed, 2 when the command line was wrong.\n")
	fmt.Fprintf(b, ".SH ENVIRONMENT\n.TP\n.B LETTERBOX_DATA\nThe data folder, as \\-\\-data.\n")
	fmt.Fprintf(b, ".SH FILES\n.TP\n.I letterbox.toml\nin the data folder: the configuration, if there is one. 'letterbox config sample' prints every key.\n")
	return b.Flush()
}

const manDescription = `Letterbox receives mail for your own domains and keeps it for mail clients. ` +
	`Everything it has lies in one data folder, which one process owns at a time. ` +
	`A command that needs it runs inside the appliance when that runs, and opens the folder itself when not.`

func writeCommand(b *bufio.Writer, leaf *kong.Node) {
	fmt.Fprintf(b, ".SS %s\n%s\n", roff(leaf.Summary()), roff(leaf.Help))
	if leaf.Detail != "" {
		fmt.Fprintf(b, "%s\n", roff(leaf.Detail))
	}
	for _, arg := range leaf.Positional {
		fmt.Fprintf(b, ".TP\n\\fI%s\\fR\n%s\n", roff(arg.Summary()), roff(arg.Help))
	}
	for _, flag := range leaf.Flags {
		writeFlag(b, flag)
	}
}

func writeFlag(b *bufio.Writer, flag *kong.Flag) {
	fmt.Fprintf(b, ".TP\n\\fB%s\\fR\n%s\n", roff(flag.String()), roff(flag.Help))
}

// roff makes text safe: hyphens that are to be copied, backslashes, and lines
// that begin like a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

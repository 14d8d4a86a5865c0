package command

import (
	"bufio"
	"context"
	"io"
	"strings"

	"github.com/alecthomas/kong"
	"letterbox/control"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" default:"bash" help:"bash, zsh or fish."`
}

func (c *completionCmd) local(_ context.Context, s *shell) error {
	return WriteCompletion(s.Out, c.Shell)
}

// A completable is a command line so far, and what may follow.
type completable struct {
	path         string // the words of the command; "" is the program alone
	words, flags []suggestion
}

// A suggestion is a word with what it means.
type suggestion struct{ word, help string }

// WriteCompletion writes what a shell needs to complete command lines, made from the
// command line itself.
func WriteCompletion(w io.Writer, shell string) error {
	parser, err := newParser(&cli{}, control.Stdio{Out: io.Discard, Err: io.Discard}, func(int) {})
	if err != nil {
		return err
	}
	write := completeBash
	switch shell {
	case "zsh":
		write = completeZsh
	case "fish":
		write = completeFish
	}
	b := bufio.NewWriter(w)
	write(b, completables(parser.Model.Node, "", nil))
	return b.Flush()
}

// completables lists a command and those below it; above are flags of those above
// it, which it takes too.
func completables(node *kong.Node, path string, above []suggestion) []completable {
	c := completable{path: path, flags: above[:len(above):len(above)]}
	for _, flag := range node.Flags {
		if !flag.Hidden {
			c.flags = append(c.flags, suggestion{"--" + flag.Name, flag.Help})
		}
	}
	var below []completable
	for _, child := range node.Children {
		if !child.Hidden {
			c.words = append(c.words, suggestion{child.Name, child.Help})
			below = append(below, completables(child, strings.TrimSpace(path+" "+child.Name), c.flags)...)
		}
	}
	return append([]completable{c}, below...)
}

// quoteShell writes a text so that a shell takes it for one word; fish has the same
// rules but for the backslash, which no text here has.
func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

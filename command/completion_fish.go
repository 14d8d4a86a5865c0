package command

import (
	"bufio"
	"fmt"
	"strings"
)

// fishHead tells which command is being typed, passing over flags and their values.
const fishHead = `# fish completion for letterbox, made by 'letterbox completion fish'.

function __letterbox_at
	set -l at
	for word in (commandline -opc)[2..]
		set -l next (string join ' ' $at $word)
		contains -- "$next" $__letterbox_commands; and set at $next
	end
	test "$at" = "$argv[1]"
end

`

// completeFish writes a line for each thing that may follow. Where a command follows,
// no file does.
func completeFish(b *bufio.Writer, all []completable) {
	b.WriteString(fishHead)
	b.WriteString("set -g __letterbox_commands")
	for _, c := range all[1:] {
		b.WriteString(" " + quoteShell(c.path))
	}
	b.WriteString("\n")
	for _, c := range all {
		at := quoteShell("__letterbox_at " + `"` + c.path + `"`)
		for _, s := range c.words {
			fmt.Fprintf(b, "complete -c letterbox -n %s -f -a %s -d %s\n", at, s.word, quoteShell(s.help))
		}
		for _, s := range c.flags {
			fmt.Fprintf(b, "complete -c letterbox -n %s -l %s -d %s\n", at, strings.TrimPrefix(s.word, "--"), quoteShell(s.help))
		}
	}
}

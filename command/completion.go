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

type completionCmd struct {
	Shell string `arg:"" enum:"bash" default:"bash" help:"bash; zsh understands the same after 'autoload bashcompinit; bashcompinit'."`
}

func (c *completionCmd) local(_ context.Context, s *shell) error { return WriteCompletion(s.Out) }

// completionHead finds the words of the command that is being typed, passing over
// flags and their values, and offers what may follow.
const completionHead = `# bash completion for letterbox, made by 'letterbox completion bash'.

_letterbox() {
	local word path= i words flags
	local current=${COMP_WORDS[COMP_CWORD]}
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--*) [[ ${COMP_WORDS[i+1]} != = ]] || i=$((i + 2)) ;;
		=) i=$((i + 1)) ;;
		*) ! _letterbox_words "${path:+$path }$word" || path=${path:+$path }$word ;;
		esac
	done
	_letterbox_words "$path"
	if [[ $current == -* ]]; then
		COMPREPLY=($(compgen -W "$flags" -- "$current"))
	elif [[ -n $words ]]; then
		COMPREPLY=($(compgen -W "$words" -- "$current"))
	else
		COMPREPLY=($(compgen -f -- "$current"))
	fi
}

# _letterbox_words sets what may follow a command; it fails when there is no such
# command.
_letterbox_words() {
	case $1 in
`

const completionTail = `	*) return 1 ;;
	esac
}

complete -o filenames -F _letterbox letterbox
`

// WriteCompletion writes what bash needs to complete command lines, made from the
// command line itself.
func WriteCompletion(w io.Writer) error {
	parser, err := newParser(&cli{}, control.Stdio{Out: io.Discard, Err: io.Discard}, func(int) {})
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	b.WriteString(completionHead)
	completeNode(b, parser.Model.Node, "", nil)
	b.WriteString(completionTail)
	return b.Flush()
}

// completeNode writes a command and those below it; above are flags of those
// above it, which it takes too.
func completeNode(b *bufio.Writer, node *kong.Node, path string, above []string) {
	flags := above[:len(above):len(above)]
	for _, flag := range node.Flags {
		if !flag.Hidden {
			flags = append(flags, "--"+flag.Name)
		}
	}
	var words []string
	for _, child := range node.Children {
		if !child.Hidden {
			words = append(words, child.Name)
		}
	}
	fmt.Fprintf(b, "\t'%s') words='%s' flags='%s' ;;\n", path, strings.Join(words, " "), strings.Join(flags, " "))
	for _, child := range node.Children {
		if !child.Hidden {
			completeNode(b, child, strings.TrimSpace(path+" "+child.Name), flags)
		}
	}
}

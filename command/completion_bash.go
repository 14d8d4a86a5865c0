package command

import (
	"bufio"
	"fmt"
	"strings"
)

// bashHead finds the words of the command that is being typed, passing over
// flags and their values, and offers what may follow.
const bashHead = `# bash completion for letterbox, made by 'letterbox completion bash'.

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

const bashTail = `	*) return 1 ;;
	esac
}

complete -o filenames -F _letterbox letterbox
`

func completeBash(b *bufio.Writer, all []completable) {
	b.WriteString(bashHead)
	for _, c := range all {
		fmt.Fprintf(b, "\t'%s') words='%s' flags='%s' ;;\n", c.path, joinWords(c.words), joinWords(c.flags))
	}
	b.WriteString(bashTail)
}

func joinWords(list []suggestion) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = s.word
	}
	return strings.Join(words, " ")
}

package command

import (
	"bufio"
	"fmt"
	"strings"
)

// zshHead finds the command that is being typed, passing over flags and their values,
// and offers what may follow with what it means.
const zshHead = `#compdef letterbox
# zsh completion for letterbox, made by 'letterbox completion zsh'.

_letterbox() {
	local at= word
	local -a commands options
	for word in ${words[2,CURRENT-1]}; do
		[[ $word == -* ]] || ! _letterbox_words "${at:+$at }$word" || at=${at:+$at }$word
	done
	_letterbox_words "$at"
	if [[ $words[CURRENT] == -* ]]; then
		_describe option options
	elif (( $#commands )); then
		_describe command commands
	else
		_files
	fi
}

# _letterbox_words sets what may follow a command; it fails when there is no such
# command.
_letterbox_words() {
	case $1 in
`

// zshTail serves both ways to load it: by name from a folder of $fpath, and by source.
const zshTail = `	*) return 1 ;;
	esac
}

if [[ $funcstack[1] == _letterbox ]]; then
	_letterbox "$@"
else
	compdef _letterbox letterbox
fi
`

func completeZsh(b *bufio.Writer, all []completable) {
	b.WriteString(zshHead)
	for _, c := range all {
		fmt.Fprintf(b, "\t%s)\n\t\tcommands=(%s)\n\t\toptions=(%s)\n\t\t;;\n", quoteShell(c.path), describeWords(c.words), describeWords(c.flags))
	}
	b.WriteString(zshTail)
}

// describeWords writes words as _describe takes them: a colon begins the meaning.
func describeWords(list []suggestion) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = quoteShell(strings.ReplaceAll(s.word, ":", `\:`) + ":" + s.help)
	}
	return strings.Join(words, " ")
}

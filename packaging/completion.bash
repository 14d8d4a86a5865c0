# bash completion for letterbox, made by 'letterbox completion bash'.

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
	'') words='demo serve domain user team share mailbox alias import export undelete rescue snapshot queue certificate reindex config health version completion' flags='--help --data --config --set' ;;
	'demo') words='' flags='--help --data --config --set' ;;
	'serve') words='' flags='--help --data --config --set' ;;
	'domain') words='add list remove dns rotate-keys' flags='--help --data --config --set' ;;
	'domain add') words='' flags='--help --data --config --set' ;;
	'domain list') words='' flags='--help --data --config --set --json' ;;
	'domain remove') words='' flags='--help --data --config --set' ;;
	'domain dns') words='' flags='--help --data --config --set --json' ;;
	'domain rotate-keys') words='' flags='--help --data --config --set' ;;
	'user') words='add list passwd set remove' flags='--help --data --config --set' ;;
	'user add') words='' flags='--help --data --config --set --name' ;;
	'user list') words='' flags='--help --data --config --set --json' ;;
	'user passwd') words='' flags='--help --data --config --set' ;;
	'user set') words='' flags='--help --data --config --set --disable --enable --quota --messages --mailboxes --withhold --offer' ;;
	'user remove') words='' flags='--help --data --config --set --yes' ;;
	'team') words='add list remove member' flags='--help --data --config --set' ;;
	'team add') words='' flags='--help --data --config --set --name' ;;
	'team list') words='' flags='--help --data --config --set --json' ;;
	'team remove') words='' flags='--help --data --config --set --yes' ;;
	'team member') words='add list remove' flags='--help --data --config --set' ;;
	'team member add') words='' flags='--help --data --config --set' ;;
	'team member list') words='' flags='--help --data --config --set --json' ;;
	'team member remove') words='' flags='--help --data --config --set' ;;
	'share') words='add list remove' flags='--help --data --config --set' ;;
	'share add') words='' flags='--help --data --config --set' ;;
	'share list') words='' flags='--help --data --config --set --json' ;;
	'share remove') words='' flags='--help --data --config --set' ;;
	'mailbox') words='list set' flags='--help --data --config --set' ;;
	'mailbox list') words='' flags='--help --data --config --set --json' ;;
	'mailbox set') words='' flags='--help --data --config --set --seen --append-limit' ;;
	'alias') words='add list remove' flags='--help --data --config --set' ;;
	'alias add') words='' flags='--help --data --config --set' ;;
	'alias list') words='' flags='--help --data --config --set --json' ;;
	'alias remove') words='' flags='--help --data --config --set' ;;
	'import') words='' flags='--help --data --config --set --account --mailbox' ;;
	'export') words='' flags='--help --data --config --set --account --mailbox --format' ;;
	'undelete') words='list restore' flags='--help --data --config --set' ;;
	'undelete list') words='' flags='--help --data --config --set --json --mailbox --before --limit' ;;
	'undelete restore') words='' flags='--help --data --config --set --all' ;;
	'rescue') words='' flags='--help --data --config --set --deleted' ;;
	'snapshot') words='now list status verify prove browse restore prune key' flags='--help --data --config --set' ;;
	'snapshot now') words='' flags='--help --data --config --set --json --hurry' ;;
	'snapshot list') words='' flags='--help --data --config --set --json --from --identity' ;;
	'snapshot status') words='' flags='--help --data --config --set --json' ;;
	'snapshot verify') words='' flags='--help --data --config --set --json --from --identity' ;;
	'snapshot prove') words='' flags='--help --data --config --set --json --from --identity --full' ;;
	'snapshot browse') words='' flags='--help --data --config --set --json --from --identity --snapshot --search --read' ;;
	'snapshot restore') words='' flags='--help --data --config --set --json --from --identity --snapshot --uid --beside --damaged --dry-run' ;;
	'snapshot prune') words='' flags='--help --data --config --set --json --from --identity --dry-run' ;;
	'snapshot key') words='generate passphrase add list' flags='--help --data --config --set' ;;
	'snapshot key generate') words='' flags='--help --data --config --set' ;;
	'snapshot key passphrase') words='' flags='--help --data --config --set' ;;
	'snapshot key add') words='' flags='--help --data --config --set' ;;
	'snapshot key list') words='' flags='--help --data --config --set --json' ;;
	'queue') words='list show retry hold drop thaw' flags='--help --data --config --set' ;;
	'queue list') words='' flags='--help --data --config --set --json' ;;
	'queue show') words='' flags='--help --data --config --set --json' ;;
	'queue retry') words='' flags='--help --data --config --set --all' ;;
	'queue hold') words='' flags='--help --data --config --set' ;;
	'queue drop') words='' flags='--help --data --config --set' ;;
	'queue thaw') words='' flags='--help --data --config --set' ;;
	'certificate') words='list retry tlsa rotate' flags='--help --data --config --set' ;;
	'certificate list') words='' flags='--help --data --config --set --json' ;;
	'certificate retry') words='' flags='--help --data --config --set' ;;
	'certificate tlsa') words='' flags='--help --data --config --set' ;;
	'certificate rotate') words='' flags='--help --data --config --set --name --revoke' ;;
	'reindex') words='' flags='--help --data --config --set' ;;
	'config') words='sample check' flags='--help --data --config --set' ;;
	'config sample') words='' flags='--help --data --config --set' ;;
	'config check') words='' flags='--help --data --config --set' ;;
	'health') words='' flags='--help --data --config --set' ;;
	'version') words='' flags='--help --data --config --set' ;;
	'completion') words='' flags='--help --data --config --set' ;;
	*) return 1 ;;
	esac
}

complete -o filenames -F _letterbox letterbox

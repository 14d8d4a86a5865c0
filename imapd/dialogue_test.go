package imapd

import (
	"path/filepath"
	"testing"

	"letterbox/internal/dialogue"
)

// The dialogues in testdata/dialogues are played against a real server: see package
// dialogue, to whose directives are added
//
//	server KEY=VALUE ...          before the first connection: append-limit, withheld, offered,
//	                              per-address, per-user, connections, idle, command, keep-alive,
//	                              sign-in (durations), plaintext=no
//	user ADDRESS PASSWORD         a user; anna@example.org with "tulips in may" is there already
//	mailbox ADDRESS NAME [\Use]
//	role ADDRESS ROLE             such as admin
//	team ADDRESS [MEMBER RIGHTS ...]
//	grant OWNER MAILBOX ADDRESS RIGHTS         "anyone" for all
//	remove ADDRESS                the user with their mail
//	own-seen ADDRESS MAILBOX      everybody has a \Seen of their own
//	limit ADDRESS BYTES MESSAGES MAILBOXES     the quota; 0 for any
//	append-limit ADDRESS MAILBOX BYTES
//	message ADDRESS MAILBOX FILE [\Flag ...]   appended through the store
//	connect A [tls] [from 127.0.0.2]           the greeting is the first line to come
//	sign-in A [ADDRESS PASSWORD]  connect, read the greeting, LOGIN; anna without more
//	select A MAILBOX              sign-in, unless A is there; SELECT, and what it answers is read
//	examine A MAILBOX             likewise
//	starttls A                    the client's half of the handshake
//	compress A                    from here on, both directions are compressed
//	uncompress A                  and not any more
//	capabilities ADDRESS -WITHHELD +OFFERED ...   a user's own
//	clock 5m                      for those who watch (package habit), time passes
//	finding KIND [TEXT ...]       that was found, and its figures are such; _ for any
//	no finding KIND
//	restart                       does nothing to the data: the server drains and starts again

const (
	annaAddress  = "anna@example.org"
	annaPassword = "tulips in may"
	patience     = dialogue.Patience
)

func TestDialogues(t *testing.T) {
	t.Parallel()
	dialogue.Play(t, filepath.Join("testdata", "dialogues", "*.txtar"), func(s *dialogue.Stage) dialogue.Words {
		st := &stage{Stage: s, cfg: Config{PlaintextLoopback: true}, house: newHouse(s.T)}
		return dialogue.Words{Directives: st.directives()}
	})
}

// A stage is what a dialogue is played on.
type stage struct {
	*dialogue.Stage
	cfg   Config
	house *house
}

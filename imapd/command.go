package imapd

import (
	"context"

	"letterbox/imapd/wire"
)

// states is a set of connection states (RFC 9051 section 3).
type states uint8

const (
	notAuthenticated states = 1 << iota
	authenticated
	inMailbox
	signedIn = authenticated | inMailbox
	anyState = notAuthenticated | signedIn
)

// state is the session's, as a set of one.
func (s *session) state() states {
	switch {
	case s.user == nil:
		return notAuthenticated
	case s.sel == nil:
		return authenticated
	}
	return inMailbox
}

// A command is one that clients can send.
type command struct {
	name   string
	states states
	uid    uidForm

	// keepNumbers: RFC 9051 section 7.5.1: no EXPUNGE may be sent while FETCH,
	// STORE or SEARCH is answered. Their UID variants may be.
	keepNumbers bool

	// run reads the arguments with the line end (Decoder.End), then acts. Nil
	// means OK with what it left in the call; errors are turned into a reply by
	// session.replyTo.
	run func(ctx context.Context, s *session, d *wire.Decoder, c *call) error
}

// uidForm says whether a command exists with UID before it.
type uidForm uint8

const (
	noUID uidForm = iota
	alsoUID
)

// A call is one execution of a command.
type call struct {
	tag  string
	name string // capitals, without UID
	uid  bool   // the UID variant

	// byNumber: the UID variant names messages by number all the same, so that
	// no EXPUNGE may be sent (RFC 7162 section 3.2.10.2).
	byNumber bool

	// expunges: the command's own result are expunges, which are told even to
	// a client that does not want to hear of others'.
	expunges bool

	// What the tagged OK says, when it says more than the name.
	code wire.Code
	text string

	// after runs once the tagged OK was written; for what changes the
	// connection itself.
	after func(context.Context) error
}

// commandTable lists every command: one line and one file each.
func commandTable() map[string]*command {
	list := []command{
		{name: "CAPABILITY", states: anyState, run: capabilities},
		{name: "NOOP", states: anyState, run: noop},
		{name: "LOGOUT", states: anyState, run: logout},
		{name: "ID", states: anyState, run: id},

		{name: "STARTTLS", states: notAuthenticated, run: startTLS},
		{name: "AUTHENTICATE", states: notAuthenticated, run: authenticate},
		{name: "LOGIN", states: notAuthenticated, run: login},

		{name: "LANGUAGE", states: anyState, run: language},
		{name: "UNAUTHENTICATE", states: signedIn, run: unauthenticate},
		{name: "COMPRESS", states: signedIn, run: compress},
		{name: "ENABLE", states: signedIn, run: enable},
		{name: "SELECT", states: signedIn, run: selectMailbox},
		{name: "EXAMINE", states: signedIn, run: selectMailbox},
		{name: "CREATE", states: signedIn, run: create},
		{name: "DELETE", states: signedIn, run: deleteMailbox},
		{name: "RENAME", states: signedIn, run: rename},
		{name: "SUBSCRIBE", states: signedIn, run: subscribe},
		{name: "UNSUBSCRIBE", states: signedIn, run: unsubscribe},
		{name: "LIST", states: signedIn, run: list},
		{name: "LSUB", states: signedIn, run: lsub},
		{name: "XLIST", states: signedIn, run: xlist},
		{name: "NAMESPACE", states: signedIn, run: namespace},
		{name: "STATUS", states: signedIn, run: status},
		{name: "GETQUOTA", states: signedIn, run: getQuota},
		{name: "GETQUOTAROOT", states: signedIn, run: getQuotaRoot},
		{name: "SETQUOTA", states: signedIn, run: setQuota},
		{name: "GETMETADATA", states: signedIn, run: getMetadata},
		{name: "SETMETADATA", states: signedIn, run: setMetadata},
		{name: "GETACL", states: signedIn, run: getACL},
		{name: "SETACL", states: signedIn, run: setACL},
		{name: "DELETEACL", states: signedIn, run: deleteACL},
		{name: "LISTRIGHTS", states: signedIn, run: listRights},
		{name: "MYRIGHTS", states: signedIn, run: myRights},
		{name: "RESETKEY", states: signedIn, run: resetKey},
		{name: "GENURLAUTH", states: signedIn, run: genURLAuth},
		{name: "URLFETCH", states: signedIn, run: urlFetch},
		{name: "APPEND", states: signedIn, run: appendMessages},
		{name: "IDLE", states: signedIn, run: idle},
		{name: "NOTIFY", states: signedIn, run: notify},

		{name: "CHECK", states: inMailbox, run: noop},
		{name: "CLOSE", states: inMailbox, run: closeMailbox},
		{name: "UNSELECT", states: inMailbox, run: unselect},
		{name: "EXPUNGE", states: inMailbox, uid: alsoUID, run: expunge},
		{name: "SEARCH", states: inMailbox, uid: alsoUID, keepNumbers: true, run: search},
		{name: "SORT", states: inMailbox, uid: alsoUID, keepNumbers: true, run: sortMessages},
		{name: "THREAD", states: inMailbox, uid: alsoUID, keepNumbers: true, run: thread},
		{name: "ESEARCH", states: signedIn, uid: alsoUID, run: esearch},
		{name: "CANCELUPDATE", states: inMailbox, run: cancelUpdate},
		{name: "FETCH", states: inMailbox, uid: alsoUID, keepNumbers: true, run: fetch},
		{name: "STORE", states: inMailbox, uid: alsoUID, keepNumbers: true, run: storeFlags},
		{name: "UIDBATCHES", states: inMailbox, run: uidBatches},
		{name: "COPY", states: inMailbox, uid: alsoUID, run: copyMessages},
		{name: "MOVE", states: inMailbox, uid: alsoUID, run: move},
		{name: "REPLACE", states: inMailbox, uid: alsoUID, run: replace},
	}
	table := make(map[string]*command, len(list))
	for i := range list {
		table[list[i].name] = &list[i]
	}
	return table
}

// find returns the command, or the BAD that says why there is none.
func (srv *Server) find(c *call, now states) (*command, error) {
	cmd := srv.commands[c.name]
	switch {
	case cmd == nil, c.uid && cmd.uid == noUID:
		return nil, bad("no such command: %.40s", c.fullName())
	case cmd.states&now == 0:
		return nil, bad("%s is not allowed %s", c.fullName(), cmd.notNow(now))
	}
	return cmd, nil
}

// notNow says what is wrong with a command at this time.
func (cmd *command) notNow(now states) string {
	switch {
	case now == notAuthenticated:
		return "before sign-in"
	case cmd.states == notAuthenticated:
		return "after sign-in"
	}
	return "without a selected mailbox"
}

// fullName is the command as the client wrote it, in capitals.
func (c *call) fullName() string {
	if c.uid {
		return "UID " + c.name
	}
	return c.name
}

// label is the command's name for telemetry, which clients must not be able to
// fill with names of their own.
func (c *call) label(cmd *command) string {
	if cmd == nil {
		return "unknown"
	}
	return c.fullName()
}

// mayExpunge reports whether EXPUNGE may be sent while the command is answered.
func (cmd *command) mayExpunge(uid bool) bool { return !cmd.keepNumbers || uid }

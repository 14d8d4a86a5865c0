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

// expunges says whether a command may be answered with EXPUNGE.
type expunges uint8

const (
	allowed expunges = iota
	// uidOnly: RFC 9051 section 7.5.1: FETCH, STORE and SEARCH must not renumber
	// the messages that they speak of; their UID variants may.
	uidOnly
)

// A command is one that clients can send.
type command struct {
	name     string
	states   states
	uid      bool // exists as UID variant
	onlyUID  bool // exists as UID variant alone
	expunges expunges

	// run reads the arguments with the line end (Decoder.End), then acts. Nil
	// means OK with what it left in the call; errors are turned into a reply by
	// replyTo.
	run func(ctx context.Context, s *session, d *wire.Decoder, c *call) error
}

// A call is one execution of a command.
type call struct {
	tag  string
	name string // capitals, without UID
	uid  bool   // the UID variant

	// What the tagged OK says, when it says more than the name.
	code wire.Code
	text string
}

// commandTable lists every command: one line each, one file each.
func commandTable() map[string]*command {
	list := []command{
		{name: "NOOP", states: anyState, run: noop},
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
	case cmd == nil, c.uid && !cmd.uid, !c.uid && cmd.onlyUID:
		return nil, bad("no such command: %s", c.fullName())
	case cmd.states&now == 0:
		return nil, bad("%s is not allowed now", c.fullName())
	}
	return cmd, nil
}

// fullName is the command as the client wrote it, in capitals.
func (c *call) fullName() string {
	if c.uid {
		return "UID " + c.name
	}
	return c.name
}

// mayExpunge reports whether EXPUNGE may be sent while the command is answered.
func (cmd *command) mayExpunge(uid bool) bool { return cmd.expunges == allowed || uid }

// noop gives the session a chance to tell what changed.
func noop(_ context.Context, _ *session, d *wire.Decoder, _ *call) error { return d.End() }

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

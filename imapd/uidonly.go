package imapd

import (
	"github.com/emersion/go-imap/v2"
)

// UIDONLY (RFC 9586): once it is enabled, messages have no numbers, neither in
// commands nor in responses.

// uidRequired refuses a command that names messages by number.
func uidRequired() error {
	return &reply{imap.StatusResponseTypeBad, "UIDREQUIRED", "after ENABLE UIDONLY messages are named by UID alone"}
}

// numbersMessages reports whether the command takes message numbers, or answers
// with them, unless UID stands before it.
func (cmd *command) numbersMessages() bool { return cmd.uid == alsoUID && cmd.name != "EXPUNGE" }

// beginFetch writes the beginning of a FETCH response up to its items.
func (s *session) beginFetch(seq uint32, uid imap.UID) {
	s.enc.Text("* ")
	if s.uidOnly {
		s.enc.Number(uint64(uid))
		s.enc.Text(" UIDFETCH (")
		return
	}
	s.enc.Number(uint64(seq))
	s.enc.Text(" FETCH (")
}

// beginUpdate is beginFetch for a response that nobody asked for, which must
// have the uid (RFC 9051 section 7.5.2).
func (s *session) beginUpdate(seq uint32, uid imap.UID) {
	s.beginFetch(seq, uid)
	if !s.uidOnly {
		s.enc.Text("UID ")
		s.enc.Number(uint64(uid))
		s.enc.SP()
	}
}

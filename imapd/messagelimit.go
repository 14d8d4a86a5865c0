package imapd

import (
	"fmt"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
)

// MESSAGELIMIT and SAVELIMIT (RFC 9738): one command is about so many messages
// at most. Where it can be done in parts, the messages with the highest uids are
// done, and the reply says how far down it went; the client goes on from there.

// withinLimit cuts a set to as many messages as one command may be about. The
// code is empty when that was all.
func (s *session) withinLimit(set imap.UIDSet) (imap.UIDSet, wire.Code) {
	limit := s.offer.messageLimit
	if limit == 0 || s.countKnown(set) <= limit {
		return set, ""
	}
	lowest, left := imap.UID(0), limit
	for i := len(set) - 1; i >= 0 && left > 0; i-- {
		_ = s.sel.runs(set[i:i+1], func(_ uint32, uids []imap.UID) error {
			from := max(len(uids)-left, 0)
			lowest = uids[from]
			left -= len(uids) - from
			return nil
		})
	}
	rest := intersect(set, imap.UIDSet{{Start: lowest, Stop: s.sel.lastUID()}})
	return rest, wire.Code(fmt.Sprintf("MESSAGELIMIT %d %d", limit, lowest))
}

// countKnown is how many messages of the set the client knows.
func (s *session) countKnown(set imap.UIDSet) int {
	n := 0
	_ = s.sel.runs(set, func(_ uint32, uids []imap.UID) error {
		n += len(uids)
		return nil
	})
	return n
}

// maySave refuses to copy or append more messages at once than is allowed: all
// of them, or none.
func (s *session) maySave(n int) error {
	limit := s.offer.messageLimit
	if save := s.offer.saveLimit; save > 0 && (limit == 0 || save < limit) {
		limit = save
	}
	if limit == 0 || n <= limit {
		return nil
	}
	return no(imap.ResponseCode(fmt.Sprintf("MESSAGELIMIT %d", limit)), "at most %d messages at once", limit)
}

package imapd

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// expunge answers EXPUNGE and UID EXPUNGE (RFC 9051 sections 6.4.3 and 6.4.9).
// The EXPUNGE responses are the session's next update.
func expunge(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	var set wire.NumSet
	if c.uid {
		d.SP()
		set = d.NumSet()
	}
	if err := d.End(); err != nil {
		return err
	}
	if err := s.require(store.Remove); err != nil {
		return err
	}
	uids, err := s.expungeSet(set, c.uid)
	if err != nil || len(uids) == 0 {
		return err
	}
	if c.uid {
		uids, c.code = s.withinLimit(uids)
	}
	c.expunges = true
	gone, _, err := s.srv.cfg.Store.Expunge(ctx, s.sel.id, uids)
	s.removed(s.sel.view.Mailbox(), uidCount(gone))
	return err
}

// expungeSet is what may be removed: never a message that the client has not
// heard of, even if somebody marked it as \Deleted.
func (s *session) expungeSet(set wire.NumSet, uid bool) (imap.UIDSet, error) {
	if !uid {
		return spanOf(s.sel.uids), nil
	}
	return s.sel.resolve(set, true)
}

// requireWritable refuses what changes a mailbox that was opened with EXAMINE.
func (s *session) requireWritable() error {
	if s.sel.readOnly {
		return no("", "the mailbox is open read-only")
	}
	return nil
}

// expungeIssued is the reply when messages that the client named by number were
// expunged by somebody else, which it may not be told now (RFC 5530; RFC 9051
// section 7.5.1).
// It carries the code of what was done all the same, if there is one.
func expungeIssued(done wire.Code) error {
	if done == "" {
		done = "EXPUNGEISSUED"
	}
	return no(imap.ResponseCode(done), "some of the messages have been expunged")
}

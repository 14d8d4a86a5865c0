package imapd

import (
	"context"
	"strconv"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// copyMessages answers COPY and UID COPY (RFC 9051 section 6.4.7).
func copyMessages(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	uids, to, err := s.copyArguments(ctx, d, c)
	if err != nil {
		return err
	}
	// All or nothing: not even an expunge that the client has not heard of may
	// make it less.
	if !c.uid && s.anyGone(uids) {
		return expungeIssued("")
	}
	result, err := s.srv.cfg.Store.CopyAs(ctx, s.account(), s.sel.id, uids, to.ID, to.Rights.Flags())
	if err != nil {
		return err
	}
	s.made(to.ID, result.Dest)
	s.copied(uidCount(result.Source))
	c.code = copyUID(result)
	if c.code == "" {
		c.text = "no matching messages, so nothing copied"
	}
	return nil
}

// copyArguments reads what COPY and MOVE have in common, and finds the target.
func (s *session) copyArguments(ctx context.Context, d *wire.Decoder, c *call) (imap.UIDSet, *store.Mailbox, error) {
	d.SP()
	set := d.NumSet()
	d.SP()
	name := d.Mailbox()
	if err := d.End(); err != nil {
		return nil, nil, err
	}
	uids, err := s.sel.resolve(set, c.uid)
	if err != nil {
		return nil, nil, err
	}
	if err := s.maySave(s.countKnown(uids)); err != nil {
		return nil, nil, err
	}
	to, err := s.mailbox(ctx, name, store.Insert)
	return uids, to, err
}

// anyGone reports whether a message of the set that the client knows has been
// expunged.
func (s *session) anyGone(set imap.UIDSet) bool {
	gone := false
	var entries []store.Entry
	_ = s.sel.runs(set, func(_ uint32, uids []imap.UID) error {
		entries = s.sel.view.Entries(entries[:0], uids)
		gone = gone || len(entries) < len(uids)
		return nil
	})
	return gone
}

// copyUID is the response code of RFC 4315 section 3; none when nothing was
// copied, since its sets cannot be empty.
func copyUID(r store.CopyResult) wire.Code {
	if len(r.Source) == 0 {
		return ""
	}
	validity := strconv.FormatUint(uint64(r.UIDValidity), 10)
	return wire.Code("COPYUID " + validity + " " + r.Source.String() + " " + r.Dest.String())
}

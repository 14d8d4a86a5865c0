package imapd

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// move answers MOVE and UID MOVE (RFC 9051 section 6.4.8, RFC 6851). What was
// moved is reported even if the rest failed. It takes the rights of STORE, COPY
// and EXPUNGE (RFC 6851 section 4.2).
func move(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	uids, to, err := s.copyArguments(ctx, d, c)
	if err != nil {
		return err
	}
	if err := s.require(store.DeleteFlag | store.Remove); err != nil {
		return err
	}
	gone := !c.uid && s.anyGone(uids)
	c.expunges = true
	result, err := s.srv.cfg.Store.MoveAs(ctx, s.account(), s.sel.id, uids, to.ID, to.Rights.Flags())
	s.made(to.ID, result.Dest)
	s.moved(uidCount(result.Source))
	if code := copyUID(result); code != "" {
		// RFC 6851 section 4.3: before the EXPUNGE responses, which come with
		// the session's next update.
		s.enc.Status("*", imap.StatusResponseTypeOK, code, "moved")
	} else {
		c.text = "no matching messages, so nothing moved"
	}
	if err == nil && gone {
		return expungeIssued("")
	}
	return err
}

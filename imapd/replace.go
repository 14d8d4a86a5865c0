package imapd

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/quota"
	"letterbox/store"
)

// replace answers REPLACE and UID REPLACE (RFC 8508): APPEND of one message and
// expunge of another, in one transaction. Whether both can be done is looked at
// before the message is taken. The answer names the new message before the
// EXPUNGE response, which comes with the session's next update.
func replace(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	set := d.NumSet()
	d.SP()
	name := d.Mailbox()
	if err := d.Err(); err != nil {
		return err
	}
	old, err := s.replaceable(set, c.uid)
	if err != nil {
		return err
	}
	up := &upload{s: s, replaces: &store.Replaced{Mailbox: s.sel.id, UID: old}}
	defer up.close()
	if err := up.message(ctx, d, name); err != nil {
		return err
	}
	if err := d.End(); err != nil {
		return err
	}
	batch, err := up.batch()
	if err != nil {
		return err
	}
	c.expunges = true
	added, err := s.srv.cfg.Store.Append(ctx, batch)
	if err != nil {
		return err
	}
	s.made(added[0].Mailbox, imap.UIDSetNum(added[0].UID))
	s.removed(s.sel.view.Mailbox(), 1)
	s.put(up.mailbox, batch)
	s.enc.Status("*", imap.StatusResponseTypeOK, appendUID(added), "replacement is there") // RFC 8508 section 4.3
	return nil
}

// replaceable finds the one message that is to be replaced. It takes the rights
// of STORE and EXPUNGE (RFC 8508 section 4.1).
func (s *session) replaceable(set wire.NumSet, uid bool) (imap.UID, error) {
	if set.Saved || len(set.Ranges) != 1 || set.Ranges[0].First != set.Ranges[0].Last {
		return 0, bad("one message is replaced")
	}
	if err := s.require(store.DeleteFlag | store.Remove); err != nil {
		return 0, err
	}
	uids, err := s.sel.resolve(set, uid)
	if err != nil {
		return 0, err
	}
	entries := s.entries(uids)
	switch {
	case len(entries) == 1:
		return entries[0].UID, nil
	case uid:
		return 0, no("", "there is no such message")
	}
	return 0, expungeIssued("")
}

// makeRoom takes what the message that is replaced counts for off the usage (RFC
// 8508 section 3.4).
func (up *upload) makeRoom(ctx context.Context) error {
	if up.replaces == nil || up.s.sel.view.Mailbox().Account != up.mailbox.Account {
		return nil
	}
	return up.s.srv.cfg.Store.Rows(ctx, up.replaces.Mailbox, imap.UIDSetNum(up.replaces.UID), 0, func(row *store.Row) error {
		less := quota.Usage{Bytes: -row.Size, Messages: -1}
		up.usage = up.usage.Plus(less)
		if up.replaces.Mailbox == up.mailbox.ID {
			up.more = less
		}
		return nil
	})
}

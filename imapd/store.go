package imapd

import (
	"context"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// storeFlags answers STORE and UID STORE (RFC 9051 section 6.4.6), conditional
// or not (RFC 7162 section 3.1.3).
func storeFlags(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	set := d.NumSet()
	d.SP()
	since := parseStoreModifiers(d)
	change, silent := parseFlagChange(d)
	change.UnchangedSince, change.By = since, s.account()
	if err := d.End(); err != nil {
		return err
	}
	if since != nil {
		s.condstoreAware()
	}
	if err := s.requireWritable(); err != nil {
		return err
	}
	if err := s.restrict(&change); err != nil {
		return err
	}
	uids, err := s.sel.resolve(set, c.uid)
	if err != nil || len(uids) == 0 {
		return err
	}
	uids, c.code = s.withinLimit(uids)
	before := s.entries(uids)
	result, err := s.srv.cfg.Store.SetFlags(ctx, s.sel.id, uids, change)
	if err != nil {
		return err
	}
	s.flagged(uids, change)
	s.tellKeywords(s.sel.view.Snapshot().Keywords) // before a response that has a new one
	if silent {
		s.keepSilent(before, change, result)
	} else {
		s.tellStored(uids, c.uid)
	}
	if modified := s.modified(result.Failed, c.uid); modified != "" {
		if c.code != "" { // of two, the client can do least without this one
			s.enc.Status("*", imap.StatusResponseTypeOK, c.code, "the messages below are left")
		}
		c.code, c.text = modified, "some messages have changed since, and were left as they are"
	}
	if !c.uid && s.anyGone(uids) {
		return expungeIssued(c.code)
	}
	return nil
}

// parseStoreModifiers reads "(UNCHANGEDSINCE 7) ", if it is there.
func parseStoreModifiers(d *wire.Decoder) (unchangedSince *store.ModSeq) {
	if d.Peek() != '(' {
		return nil
	}
	d.List(func() {
		if d.Keyword() != "UNCHANGEDSINCE" || unchangedSince != nil {
			d.Fail("UNCHANGEDSINCE, once")
		}
		d.SP()
		since := store.ModSeq(d.Number64())
		unchangedSince = &since
	})
	if unchangedSince == nil {
		d.Fail("UNCHANGEDSINCE")
	}
	d.SP()
	return unchangedSince
}

// modified is the response code that names the messages that a conditional
// STORE left alone, none without any.
func (s *session) modified(failed imap.UIDSet, uid bool) wire.Code {
	var named numbers
	_ = s.sel.runs(failed, func(first uint32, uids []imap.UID) error {
		for i, u := range uids {
			if uid {
				named.add(uint32(u))
			} else {
				named.add(first + uint32(i))
			}
		}
		return nil
	})
	if named.count == 0 {
		return ""
	}
	return wire.Code(named.appendTo([]byte("MODIFIED ")))
}

// parseFlagChange reads "+FLAGS.SILENT (\Seen)" and its like.
func parseFlagChange(d *wire.Decoder) (change store.FlagChange, silent bool) {
	name := d.Keyword()
	switch name[:min(1, len(name))] {
	case "+":
		change.Op, name = imap.StoreFlagsAdd, name[1:]
	case "-":
		change.Op, name = imap.StoreFlagsDel, name[1:]
	}
	name, silent = strings.CutSuffix(name, ".SILENT")
	if name != "FLAGS" {
		d.Fail("FLAGS, +FLAGS or -FLAGS")
	}
	d.SP()
	change.Flags = parseFlags(d)
	return change, silent
}

// parseFlags reads flags that a client may set: RFC 9051 section 2.3.2 knows
// five system flags, and \Recent is the server's alone.
func parseFlags(d *wire.Decoder) []imap.Flag {
	flags := d.Flags()
	for _, f := range flags {
		switch f {
		case imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagDraft:
		default:
			if strings.HasPrefix(string(f), `\`) {
				d.Fail("a flag that can be set, which " + string(f) + " is not")
			}
		}
	}
	return flags
}

// entries are the messages of the set that the client knows and that exist.
func (s *session) entries(set imap.UIDSet) []store.Entry {
	var entries []store.Entry
	_ = s.sel.runs(set, func(_ uint32, uids []imap.UID) error {
		entries = s.sel.view.Entries(entries, uids)
		return nil
	})
	return entries
}

// tellStored writes the flags of each message as they are now.
func (s *session) tellStored(set imap.UIDSet, uid bool) {
	items := []item{{kind: itemFlags, label: "FLAGS"}}
	if s.condstore {
		// RFC 7162 section 3.2.4: with the modseq, and the uid.
		items, uid = append(items, item{kind: itemModSeq, label: "MODSEQ"}), true
	}
	f := newFetcher(s, items, uid)
	_ = s.sel.runs(set, func(first uint32, uids []imap.UID) error {
		return f.run(context.Background(), first, uids)
	})
}

// keepSilent notes what the client knows without being told: the flags that it
// saw last, changed as it asked. Where somebody else changed something as well,
// the session's next update tells it (RFC 9051 section 6.4.6). Who knows of
// modseqs is told the new ones (RFC 7162 section 3.1.3), and the flags of
// messages that a condition left alone.
func (s *session) keepSilent(before []store.Entry, change store.FlagChange, result store.FlagResult) {
	bits, _ := s.sel.view.Bits(change.Flags)
	uids := make([]imap.UID, len(before))
	for i, e := range before {
		uids[i] = e.UID
	}
	for _, now := range s.sel.view.Entries(nil, uids) {
		for before[0].UID != now.UID {
			before = before[1:]
		}
		seen := before[0].ModSeq <= s.sel.modseq
		switch {
		case containsUID(result.Failed, now.UID):
			s.tellMessage(s.sel.seqOf(now.UID), now)
			s.sel.told(now)
		case seen && now.Flags == changed(before[0].Flags, change, bits):
			if s.condstore && (now.ModSeq != before[0].ModSeq || change.UnchangedSince != nil) {
				s.tellNewModSeq(now)
			}
			s.sel.told(now)
		}
	}
}

// tellNewModSeq writes the FETCH response for a message whose flags the client
// knows.
func (s *session) tellNewModSeq(e store.Entry) {
	s.beginUpdate(s.sel.seqOf(e.UID), e.UID)
	s.writeModSeq(e)
	s.enc.Text(")\r\n")
}

// changed is what a change makes of a set of flags.
func changed(f store.Flags, c store.FlagChange, bits store.Flags) store.Flags {
	within := c.Within
	if within == 0 {
		within = ^within
	}
	switch c.Op {
	case imap.StoreFlagsAdd:
		return f | bits&within
	case imap.StoreFlagsDel:
		return f &^ (bits & within)
	}
	return f&^within | bits&within
}

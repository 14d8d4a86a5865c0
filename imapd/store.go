package imapd

import (
	"context"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// storeFlags answers STORE and UID STORE (RFC 9051 section 6.4.6).
func storeFlags(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	set := d.NumSet()
	d.SP()
	change, silent := parseFlagChange(d)
	if err := d.End(); err != nil {
		return err
	}
	if err := s.requireWritable(); err != nil {
		return err
	}
	uids, err := s.sel.resolve(set, c.uid)
	if err != nil || len(uids) == 0 {
		return err
	}
	before := s.entries(uids)
	if _, err := s.srv.cfg.Store.SetFlags(ctx, s.sel.id, uids, change); err != nil {
		return err
	}
	s.tellKeywords(s.sel.view.Snapshot().Keywords) // before a response that has a new one
	if silent {
		s.keepSilent(before, change)
	} else {
		s.tellStored(uids, c.uid)
	}
	if !c.uid && s.anyGone(uids) {
		return expungeIssued()
	}
	return nil
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
	f := newFetcher(s, items, uid)
	_ = s.sel.runs(set, func(first uint32, uids []imap.UID) error {
		return f.run(context.Background(), first, uids)
	})
}

// keepSilent notes what the client knows without being told: the flags that it
// saw last, changed as it asked. Where somebody else changed something as well,
// the session's next update tells it (RFC 9051 section 6.4.6).
func (s *session) keepSilent(before []store.Entry, change store.FlagChange) {
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
		if seen && now.Flags == changed(before[0].Flags, change.Op, bits) {
			s.sel.told(now)
		}
	}
}

// changed is what a change makes of a set of flags.
func changed(f store.Flags, op imap.StoreFlagsOp, bits store.Flags) store.Flags {
	switch op {
	case imap.StoreFlagsAdd:
		return f | bits
	case imap.StoreFlagsDel:
		return f &^ bits
	}
	return bits
}

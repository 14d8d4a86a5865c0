package imapd

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// update tells the client what changed in the selected mailbox since it was
// last told: expunges if they are allowed now, arrivals, new keywords, flags.
// It is called before every tagged reply and in IDLE. Nothing else writes
// EXPUNGE, VANISHED (but for VANISHED (EARLIER)), EXISTS or RECENT.
func (s *session) update(expunge bool) error {
	sel := s.sel
	if sel == nil {
		return nil
	}
	now := sel.view.Snapshot()
	if now.Gone {
		return errMailboxGone
	}
	if now.ModSeq == sel.modseq && now.Expunges == sel.expunges {
		return nil
	}
	if err := s.tellRights(); err != nil {
		return err
	}
	if expunge && now.Expunges != sel.expunges {
		s.tellExpunged(now)
	}
	s.isNews(sel.modseq)
	before := sel.uids
	if s.wants(messageNew) {
		s.tellArrivals(now)
	}
	s.tellKeywords(now.Keywords)
	s.tellArrived(len(before))
	if !s.wants(flagChange) {
		sel.knows = nil
		s.tellLive()
		return s.enc.Err()
	}
	s.tellFlags(before, now.ModSeq)
	s.tellLive()
	sel.modseq = now.ModSeq
	if sel.expunges == now.Expunges {
		sel.settled = now.ModSeq
		s.watched.Knows(int64(sel.id), uint64(sel.settled))
	}
	return nil
}

// tellExpunged reports every message that is gone and moves on to the
// snapshot's array, as far as the client knew it.
func (s *session) tellExpunged(now store.Snapshot) {
	sel := s.sel
	if len(sel.live) > 0 {
		s.tellLeaving(goneFrom(sel.uids, now.UIDs).uidSet())
	}
	if s.qresync || s.uidOnly {
		s.tellVanished("", goneFrom(sel.uids, now.UIDs))
	} else {
		s.tellExpungedNumbers(now)
	}
	end, _ := slices.BinarySearch(now.UIDs, sel.lastUID()+1)
	sel.uids, sel.expunges = now.UIDs[:end:end], now.Expunges
	sel.vanished = true
}

func (s *session) tellExpungedNumbers(now store.Snapshot) {
	gone, j := uint32(0), 0
	for i, uid := range s.sel.uids {
		if j < len(now.UIDs) && now.UIDs[j] == uid {
			j++
			continue
		}
		s.enc.Text("* ")
		s.enc.Number(uint64(uint32(i) + 1 - gone))
		s.enc.Text(" EXPUNGE\r\n")
		gone++
	}
}

// tellArrivals reports messages behind those that the client knows.
func (s *session) tellArrivals(now store.Snapshot) {
	sel := s.sel
	from, _ := slices.BinarySearch(now.UIDs, sel.lastUID()+1)
	arrived := now.UIDs[from:]
	if len(arrived) == 0 {
		return
	}
	if now.Expunges == sel.expunges {
		sel.uids = now.UIDs
	} else {
		// The client still counts messages that are gone: its numbering is no
		// snapshot's, so it needs an array of its own.
		sel.uids = append(slices.Clip(sel.uids), arrived...)
	}
	s.tellExists()
}

// tellArrived tells of the messages from the nth on what NOTIFY has asked to be
// told of new ones, but for those that the client has put there itself (RFC 5465
// section 5.2).
func (s *session) tellArrived(n int) {
	sel := s.sel
	own := sel.own
	sel.own = nil
	if s.notify == nil || s.notify.items == nil {
		return
	}
	f := newFetcher(s, s.notify.items, false)
	for i, uid := range sel.uids[n:] {
		if !own.Contains(uid) {
			_ = f.run(context.Background(), uint32(n+i)+1, sel.uids[n+i:n+i+1]) // errors stick to the encoder
		}
	}
}

// made notes messages that the client itself has put into a mailbox.
func (s *session) made(mailbox store.MailboxID, uids imap.UIDSet) {
	if s.sel != nil && s.sel.id == mailbox {
		s.sel.own.AddSet(uids)
	}
}

// tellExists reports the number of messages, and of recent ones, which
// IMAP4rev2 has no more.
func (s *session) tellExists() {
	sel := s.sel
	s.enc.Text("* ")
	s.enc.Number(uint64(len(sel.uids)))
	s.enc.Text(" EXISTS\r\n")
	if s.rev2 {
		return
	}
	sel.claimRecent()
	s.enc.Text("* ")
	s.enc.Number(uint64(sel.countRecent()))
	s.enc.Text(" RECENT\r\n")
}

// claimRecent makes \Recent what no other session was told of.
func (sel *selected) claimRecent() {
	first := sel.view.ClaimRecent(sel.readOnly)
	// What has arrived since the last snapshot was claimed as well.
	if next := sel.view.Snapshot().UIDNext; first < next {
		sel.recent.AddRange(first, next-1)
	}
}

func (sel *selected) countRecent() int {
	n := 0
	_ = sel.runs(sel.recent, func(_ uint32, uids []imap.UID) error {
		n += len(uids)
		return nil
	})
	return n
}

// tellKeywords announces the mailbox's flags again when there are more.
func (s *session) tellKeywords(n int) {
	if n > s.sel.keywords {
		s.sel.keywords = n
		s.tellFlagsDefined()
	}
}

// tellFlags reports the flags that changed among the messages in uids, except
// those that the client knows. What has changed after the given modseq is left to
// the next update: an expunge may lie between.
func (s *session) tellFlags(uids []imap.UID, upTo store.ModSeq) {
	sel := s.sel
	knows := sel.knows
	for _, e := range sel.view.Changed(nil, uids, sel.modseq) {
		for len(knows) > 0 && knows[0].UID < e.UID {
			knows = knows[1:]
		}
		if e.ModSeq > upTo || len(knows) > 0 && knows[0] == e {
			continue
		}
		if seq := sel.seqOf(e.UID); seq > 0 {
			s.tellMessage(seq, e)
		}
	}
	sel.knows = slices.DeleteFunc(sel.knows, func(e store.Entry) bool { return e.ModSeq <= upTo })
}

// tellMessage writes the FETCH response for a message whose flags changed.
func (s *session) tellMessage(seq uint32, e store.Entry) {
	s.beginUpdate(seq, e.UID)
	s.enc.Text("FLAGS ")
	s.writeFlags(e)
	if s.condstore {
		s.enc.SP()
		s.writeModSeq(e)
	}
	s.enc.Text(")\r\n")
}

// writeFlags writes a message's flags, parenthesised.
func (s *session) writeFlags(e store.Entry) {
	names := s.sel.view.FlagNames(e.Flags)
	if !s.rev2 && s.sel.isRecent(e.UID) {
		names = append(slices.Clip(names), `\Recent`)
	}
	s.enc.Flags(names)
}

// tellFlagsDefined announces which flags the mailbox has and may have.
func (s *session) tellFlagsDefined() {
	flags := s.sel.flagsDefined()
	s.enc.Text("* FLAGS ")
	s.enc.Flags(flags)
	s.enc.CRLF()
	s.enc.Text("* OK [PERMANENTFLAGS ")
	if s.sel.readOnly {
		s.enc.Flags(nil)
	} else {
		s.enc.Flags(changeable(append(flags, imap.FlagWildcard), s.sel.rights))
	}
	s.enc.Text("] flags that are kept\r\n")
}

// flagsDefined are the system flags and the mailbox's keywords.
func (sel *selected) flagsDefined() []imap.Flag {
	system := []imap.Flag{imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagSeen, imap.FlagDraft}
	return append(system, sel.view.Keywords()...)
}

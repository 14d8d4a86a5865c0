package imapd

import (
	"context"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// selectMailbox runs SELECT and EXAMINE (RFC 9051 sections 6.3.2 and 6.3.3, RFC
// 3501 sections 6.3.1 and 6.3.2).
func selectMailbox(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	name := d.Mailbox()
	params := s.selectParameters(d)
	if err := d.End(); err != nil {
		return err
	}
	if s.uidOnly && params.resync != nil && len(params.resync.seqs.Ranges) > 0 {
		return uidRequired()
	}
	if params.condstore {
		s.condstore = true // HIGHESTMODSEQ is sent anyway
	}
	if s.sel != nil {
		// RFC 9051 section 6.3.2: the old mailbox is closed even when the new
		// one cannot be opened.
		s.deselect()
		s.enc.Text("* OK [CLOSED] previous mailbox is now closed\r\n")
	}
	mailbox, err := s.mailbox(ctx, name, store.Read)
	if err != nil {
		return err
	}
	if err := s.open(ctx, mailbox.ID, c.name == "EXAMINE"); err != nil {
		return err
	}
	s.watched.Habits().Polled()
	s.describeSelected(*mailbox, name)
	if q := params.resync; q != nil && q.uidValidity == mailbox.UIDValidity {
		if err := s.resync(ctx, q); err != nil {
			return err
		}
	}
	c.code, c.text = "READ-WRITE", c.name+" completed"
	if s.sel.readOnly || opensReadOnly(mailbox) {
		c.code = "READ-ONLY"
	}
	return nil
}

// selectParams are the parameters of SELECT and EXAMINE (RFC 4466 section 2.1).
type selectParams struct {
	condstore bool
	resync    *resync // nil: none
}

// selectParameters reads them, if there are any. The space before each of
// several is the list's.
func (s *session) selectParameters(d *wire.Decoder) selectParams {
	var p selectParams
	if !d.Accept(' ') {
		return p
	}
	d.List(func() {
		switch d.Keyword() {
		case "CONDSTORE":
			p.condstore = true
		case "QRESYNC":
			if !s.qresync {
				d.Fail("ENABLE QRESYNC before this parameter") // RFC 7162 section 3.2.5
			}
			p.condstore, p.resync = true, readResync(d)
		default:
			d.Fail("a known parameter of SELECT")
		}
	})
	return p
}

// open makes the mailbox the selected one.
func (s *session) open(ctx context.Context, id store.MailboxID, readOnly bool) error {
	view, err := s.srv.cfg.Store.Sight(ctx, id, s.account())
	if err != nil {
		return err
	}
	now := view.Snapshot()
	s.sel = &selected{
		view: view, id: id, readOnly: readOnly, rights: view.Rights(s.account()),
		uids: now.UIDs, modseq: now.ModSeq, settled: now.ModSeq, expunges: now.Expunges, keywords: now.Keywords,
	}
	s.watched.Knows(int64(id), uint64(now.ModSeq))
	return nil
}

// deselect leaves the selected mailbox, if there is one.
func (s *session) deselect() {
	if s.sel != nil {
		s.leaves()
		s.sel.view.Close()
		s.sel = nil
	}
}

// describeSelected writes what SELECT has to say of the mailbox that was just
// opened by the name that the client wrote.
func (s *session) describeSelected(mailbox store.Mailbox, name string) {
	sel := s.sel
	s.tellExists()
	s.tellFlagsDefined()
	if seq := sel.firstUnseen(); seq > 0 && !s.rev2 && !s.uidOnly {
		s.tellCode("UNSEEN", uint64(seq), "first unseen message")
	}
	s.tellCode("UIDVALIDITY", uint64(mailbox.UIDValidity), "uids are valid")
	s.tellCode("UIDNEXT", uint64(sel.uidNext()), "next uid")
	s.tellCode("HIGHESTMODSEQ", uint64(sel.modseq), "highest of all changes")
	s.enc.Text("* OK [MAILBOXID (" + mailboxID(sel.id) + ")] stays when renamed\r\n") // RFC 8474 section 4.2
	if s.rev2 {
		s.tellSelected(mailbox, name)
	}
}

// tellSelected tells an IMAP4rev2 client which mailbox it has selected.
func (s *session) tellSelected(mailbox store.Mailbox, name string) {
	oldName := ""
	if s.mustTell(name) {
		oldName = name
	}
	s.tellName(listed{Mailbox: mailbox, exists: true}, oldName)
}

// tellCode writes an untagged OK with a number in its response code.
func (s *session) tellCode(code string, n uint64, text string) {
	s.enc.Text("* OK [" + code + " ")
	s.enc.Number(n)
	s.enc.Text("] " + text + "\r\n")
}

// uidNext is the next uid as far as the client has been told of messages: one
// that has arrived meanwhile is still to come for it.
func (sel *selected) uidNext() imap.UID {
	now := sel.view.Snapshot()
	if len(now.UIDs) > len(sel.uids) && now.Expunges == sel.expunges {
		return now.UIDs[len(sel.uids)]
	}
	return now.UIDNext
}

// firstUnseen returns the first message without \Seen, 0 if there is none.
func (sel *selected) firstUnseen() uint32 {
	const step = 256 // mostly it is found early or, in a well-kept mailbox, late
	var entries []store.Entry
	for from := 0; from < len(sel.uids); from += step {
		entries = sel.view.Entries(entries[:0], sel.uids[from:min(from+step, len(sel.uids))])
		for _, e := range entries {
			if e.Flags&store.Seen == 0 {
				return sel.seqOf(e.UID)
			}
		}
	}
	return 0
}

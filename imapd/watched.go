package imapd

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/habit"
	"letterbox/message"
	"letterbox/store"
	"letterbox/telemetry"
)

// What a session tells of itself to those who look after the appliance: how long
// things take, and what its client does that it had better not (package habit).
// Nothing here changes what the client is answered.

// answered counts a command.
func (s *session) answered(c *call, cmd *command, r *reply, took time.Duration) {
	waited := c.name == "IDLE" || c.name == "AUTHENTICATE" || c.name == "APPEND" || c.name == "REPLACE"
	s.watched.Answered(c.label(cmd), string(r.kind), took, s.bodies, waited)
	if c.name != "NOOP" && c.name != "CHECK" {
		s.news = time.Time{} // there may be own doings among what was told
	}
	if r.kind == imap.StatusResponseTypeBad {
		s.watched.Habits().Blundered(c.label(cmd))
	}
}

// isNews notes that what is written next was changed elsewhere, after the modseq
// that the client knew.
func (s *session) isNews(known store.ModSeq) {
	if s.watched != nil && s.news.IsZero() {
		s.news = s.sel.view.ChangedAfter(known)
	}
}

// toldNews measures how long it took until the client had it.
func (s *session) toldNews(how telemetry.Waiting) {
	if !s.news.IsZero() {
		s.srv.cfg.Telemetry.Synced(how, time.Since(s.news))
		s.news = time.Time{}
	}
}

// reason is the word for how a session ended.
func (e ending) reason() string {
	switch {
	case e.error == nil:
		return "logout"
	case errors.Is(e, errStopping), errors.Is(e, context.Canceled):
		return "stopping"
	case errors.Is(e, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(e, errMistakes), errors.Is(e, errMailboxGone), errors.Is(e, errNoLonger):
		return "refused"
	case errors.Is(e, io.EOF):
		return "closed"
	}
	return "broken"
}

// inOwn reports whether a mailbox is of the user's own account.
func (s *session) inOwn(m store.Mailbox) bool { return m.Account == s.account() }

// put notes messages that the client has put into a mailbox.
func (s *session) put(to *store.Mailbox, batch store.Batch) {
	if s.watched == nil || to == nil || to.Account != s.account() {
		return
	}
	for _, m := range batch.Messages {
		switch to.SpecialUse {
		case imap.MailboxAttrSent:
			s.watched.Habits().Sent(message.ParseHeader(m.Raw).MessageID)
		case imap.MailboxAttrDrafts:
			s.watched.Habits().Drafted()
		}
	}
}

// removed notes messages that the client has expunged.
func (s *session) removed(from store.Mailbox, n int) {
	switch {
	case !s.inOwn(from):
	case from.SpecialUse == imap.MailboxAttrDrafts:
		s.watched.Habits().DraftsRemoved(n)
	case from.Name == inbox:
		s.watched.Habits().Expunged(n)
	}
}

// copied notes messages of the selected mailbox that the client has put
// elsewhere as well.
func (s *session) copied(n int) {
	if m := s.sel.view.Mailbox(); s.inOwn(m) && m.Name == inbox {
		s.watched.Habits().Copied(n)
	}
}

// moved notes messages that the client has moved away.
func (s *session) moved(n int) {
	if m := s.sel.view.Mailbox(); s.inOwn(m) && m.SpecialUse == imap.MailboxAttrDrafts {
		s.watched.Habits().DraftsRemoved(n)
	}
}

// fewFlagged is up to how many messages a change of flags is looked at one by
// one: devices that fight do so over few.
const fewFlagged = 20

// flagged notes a change of flags.
func (s *session) flagged(set imap.UIDSet, change store.FlagChange) {
	device := s.watched.Habits()
	if device == nil {
		return
	}
	adds := change.Op != imap.StoreFlagsDel
	for _, flag := range change.Flags {
		s.marked = s.marked || adds && flag == imap.FlagDeleted
	}
	if change.Op == imap.StoreFlagsSet || s.countKnown(set) > fewFlagged {
		return
	}
	_ = s.sel.runs(set, func(_ uint32, uids []imap.UID) error {
		for _, uid := range uids {
			for _, flag := range change.Flags {
				device.Flagged(int64(s.sel.id), uint32(uid), string(flag), adds)
			}
		}
		return nil
	})
}

// leaves notes in what state the client leaves the selected mailbox.
func (s *session) leaves() {
	if !s.marked || s.watched == nil {
		return
	}
	s.marked = false
	deleted := 0
	for _, e := range s.sel.view.Entries(nil, s.sel.uids) {
		if e.Flags&store.Deleted != 0 {
			deleted++
		}
	}
	s.watched.Habits().Left(s.sel.view.Mailbox().Name, deleted)
}

// loads notes what a FETCH is about to read.
func (s *session) loads(f *fetcher, uids imap.UIDSet) {
	s.bodies = f.body
	if s.watched == nil {
		return
	}
	for i := range f.items {
		it := &f.items[i]
		f.begins = f.begins || it.kind == itemSection && it.section.entire() && (it.partial == nil || it.partial.Offset == 0)
	}
	if f.since == nil && f.flags && !f.body && s.countKnown(uids) == len(s.sel.uids) {
		s.watched.Habits().Resynced(int64(s.sel.id), s.sel.view.Mailbox().Name, len(s.sel.uids))
	}
}

// loaded notes that a message is read from its beginning.
func (s *session) loaded(uid imap.UID, size int64) {
	m := s.sel.view.Mailbox()
	s.watched.Habits().Downloaded(int64(s.sel.id), uint32(uid), size, m.Name == inbox && s.inOwn(m))
}

// created notes a mailbox that the client has made: perhaps for what there is one
// already, under a name of another language.
func (s *session) created(ctx context.Context, p place, made store.Mailbox) {
	device := s.watched.Habits()
	if device == nil || !p.own() {
		return
	}
	device.Folder(made.Name, true)
	use := habit.LocalUse(made.Name[strings.LastIndexByte(made.Name, byte(store.Delimiter))+1:])
	if use == "" || made.SpecialUse != "" {
		return
	}
	list, _, err := s.srv.cfg.Store.Mailboxes(ctx, p.account)
	if err != nil {
		s.log.Warn("the folders are unknown", "error", err)
		return
	}
	for _, m := range list {
		if string(m.SpecialUse) == use && m.ID != made.ID {
			device.Doubled(made.Name, m.Name)
		}
	}
}

// uidCount is the number of uids in a set without "*".
func uidCount(set imap.UIDSet) (n int) {
	for _, r := range set {
		n += int(r.Stop-r.Start) + 1
	}
	return n
}

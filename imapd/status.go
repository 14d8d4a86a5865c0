package imapd

import (
	"context"
	"slices"

	"letterbox/imapd/wire"
	"letterbox/store"
)

// A statusItem is a value that STATUS can tell.
type statusItem struct {
	name  string
	write func(s *session, m *store.Mailbox)
}

// statusItems is every item that STATUS knows (RFC 9051 section 6.3.11, RFC
// 3501 for RECENT, RFC 7162 for HIGHESTMODSEQ, RFC 7889 for APPENDLIMIT, RFC 8474
// for MAILBOXID, RFC 9208 for DELETED-STORAGE, which is in octets).
func statusItems() []statusItem {
	number := func(name string, value func(*store.Mailbox) uint64) statusItem {
		return statusItem{name, func(s *session, m *store.Mailbox) { s.enc.Number(value(m)) }}
	}
	return []statusItem{
		number("MESSAGES", func(m *store.Mailbox) uint64 { return uint64(m.Messages) }),
		number("RECENT", func(m *store.Mailbox) uint64 { return uint64(m.Recent) }),
		number("UIDNEXT", func(m *store.Mailbox) uint64 { return uint64(m.UIDNext) }),
		number("UIDVALIDITY", func(m *store.Mailbox) uint64 { return uint64(m.UIDValidity) }),
		number("UNSEEN", func(m *store.Mailbox) uint64 { return uint64(m.Unseen) }),
		number("DELETED", func(m *store.Mailbox) uint64 { return uint64(m.Deleted) }),
		number("HIGHESTMODSEQ", func(m *store.Mailbox) uint64 { return uint64(m.ModSeq) }),
		number("SIZE", func(m *store.Mailbox) uint64 { return uint64(m.Bytes) }),
		number("DELETED-STORAGE", func(m *store.Mailbox) uint64 { return uint64(m.DeletedBytes) }),
		{"APPENDLIMIT", func(s *session, m *store.Mailbox) { s.enc.Number(uint64(s.srv.appendLimit(m))) }},
		{"MAILBOXID", func(s *session, m *store.Mailbox) { s.enc.Text("(" + mailboxID(m.ID) + ")") }},
	}
}

// status runs STATUS (RFC 9051 section 6.3.11).
func status(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	name := d.Mailbox()
	d.SP()
	items := readStatusItems(d)
	if err := d.End(); err != nil {
		return err
	}
	mailbox, err := s.mailbox(ctx, name, store.Read)
	if err != nil {
		return err
	}
	s.watched.Habits().Polled()
	s.tellStatus(mailbox, items)
	return nil
}

// readStatusItems reads the list of what is asked for.
func readStatusItems(d *wire.Decoder) []statusItem {
	all := statusItems()
	var items []statusItem
	d.List(func() {
		name := d.Keyword()
		i := slices.IndexFunc(all, func(it statusItem) bool { return it.name == name })
		if i < 0 {
			d.Fail("an item of STATUS")
			return
		}
		items = append(items, all[i])
	})
	if len(items) == 0 {
		d.Fail("at least one item of STATUS")
	}
	return items
}

// tellStatus writes a STATUS response to a client that asked for it.
func (s *session) tellStatus(m *store.Mailbox, items []statusItem) {
	if slices.ContainsFunc(items, func(it statusItem) bool { return it.name == "HIGHESTMODSEQ" }) {
		s.condstoreAware()
	}
	s.writeStatus(m, items)
}

func (s *session) writeStatus(m *store.Mailbox, items []statusItem) {
	s.enc.Text("* STATUS ")
	s.enc.Mailbox(m.Name)
	s.enc.Text(" (")
	for i, item := range items {
		if i > 0 {
			s.enc.SP()
		}
		s.enc.Text(item.name)
		s.enc.SP()
		item.write(s, m)
	}
	s.enc.Text(")\r\n")
}

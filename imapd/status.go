package imapd

import (
	"context"

	"letterbox/imapd/wire"
	"letterbox/store"
)

// A statusItem writes one value of STATUS.
type statusItem func(s *session, m *store.Mailbox)

// statusItems is every item that STATUS knows (RFC 9051 section 6.3.11, RFC
// 3501 for RECENT, RFC 7889 for APPENDLIMIT, RFC 8474 for MAILBOXID).
func statusItems() map[string]statusItem {
	number := func(value func(*store.Mailbox) uint64) statusItem {
		return func(s *session, m *store.Mailbox) { s.enc.Number(value(m)) }
	}
	return map[string]statusItem{
		"MESSAGES":    number(func(m *store.Mailbox) uint64 { return uint64(m.Messages) }),
		"RECENT":      number(func(m *store.Mailbox) uint64 { return uint64(m.Recent) }),
		"UIDNEXT":     number(func(m *store.Mailbox) uint64 { return uint64(m.UIDNext) }),
		"UIDVALIDITY": number(func(m *store.Mailbox) uint64 { return uint64(m.UIDValidity) }),
		"UNSEEN":      number(func(m *store.Mailbox) uint64 { return uint64(m.Unseen) }),
		"DELETED":     number(func(m *store.Mailbox) uint64 { return uint64(m.Deleted) }),
		"SIZE":        number(func(m *store.Mailbox) uint64 { return uint64(m.Bytes) }),
		"APPENDLIMIT": func(s *session, _ *store.Mailbox) { s.enc.Number(uint64(s.srv.cfg.AppendLimit)) },
		"MAILBOXID":   func(s *session, m *store.Mailbox) { s.enc.Text("(" + mailboxID(m.ID) + ")") },
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
	mailbox, err := s.srv.cfg.Store.Mailbox(ctx, s.account(), name)
	if err != nil {
		return err
	}
	s.tellStatus(mailbox, items)
	return nil
}

// readStatusItems reads the list of what is asked for. Each stands in it once.
func readStatusItems(d *wire.Decoder) []string {
	table := statusItems()
	var names []string
	d.List(func() {
		name := d.Keyword()
		if table[name] == nil {
			d.Fail("an item of STATUS")
		}
		names = append(names, name)
	})
	if len(names) == 0 {
		d.Fail("at least one item of STATUS")
	}
	return names
}

// tellStatus writes a STATUS response.
func (s *session) tellStatus(m *store.Mailbox, items []string) {
	table := statusItems()
	s.enc.Text("* STATUS ")
	s.enc.Mailbox(m.Name)
	s.enc.Text(" (")
	for i, name := range items {
		if i > 0 {
			s.enc.SP()
		}
		s.enc.Text(name + " ")
		table[name](s, m)
	}
	s.enc.Text(")\r\n")
}

package imapd

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
	"letterbox/store"
)

// A notification is what a client has asked for with NOTIFY, and what it has
// been told so far of the mailboxes that are not selected. The selected one is
// updates.go's, which asks wants.
type notification struct {
	selected events // of the selected mailbox
	delayed  bool   // SELECTED-DELAYED: no expunges but with a command
	items    []item // to fetch of new messages
	groups   []eventGroup

	stop     func() // ends the wake-ups; nil: there are none
	watches  map[store.AccountID]func()
	known    map[store.MailboxID]store.Mailbox
	dangling []string        // subscribed names without a mailbox
	own      []string        // names that the client's own commands have touched
	notes    map[note]uint64 // annotations, by what they are on; see metadata events
	seed     maphash.Seed    // of the hashes in notes

	mu      sync.Mutex
	changed map[store.MailboxID]struct{} // since they were told; 0 is the list of mailboxes
}

// A note is an annotation: of a mailbox, or of the server.
type note struct {
	mailbox store.MailboxID
	name    string
}

// wants reports whether the client wants to hear of an event in the selected
// mailbox.
func (s *session) wants(e events) bool { return s.notify == nil || s.notify.selected&e == e }

// startNotify begins to watch the account.
func (s *session) startNotify(ctx context.Context, groups []eventGroup) (*notification, error) {
	n := &notification{groups: groups, changed: map[store.MailboxID]struct{}{}, seed: maphash.MakeSeed()}
	for _, g := range groups {
		if g.isSelected() {
			n.selected, n.delayed = g.events, g.filter == "SELECTED-DELAYED"
			n.items = s.notifyItems(g.items)
		}
	}
	n.watches = map[store.AccountID]func(){}
	n.stop = func() {
		for _, stop := range n.watches {
			stop()
		}
	}
	n.watch(s, s.account())
	// After the watch began: what changes from here on is told.
	err := n.learn(ctx, s)
	if err != nil {
		n.stop()
	}
	return n, err
}

// watch begins to watch an account, once.
func (n *notification) watch(s *session, a store.AccountID) {
	if n.watches[a] != nil {
		return
	}
	n.watches[a] = s.srv.cfg.Store.WatchAccount(a, func(id store.MailboxID) {
		n.mu.Lock()
		n.changed[id] = struct{}{}
		n.mu.Unlock()
		s.link.wake()
	})
}

// list returns the mailboxes that the client can hear of. Those of others are
// watched before they are looked at: what changes from there on is told.
func (n *notification) list(ctx context.Context, s *session) (list []store.Mailbox, dangling []string, err error) {
	for {
		if list, dangling, err = s.visible(ctx); err != nil {
			return nil, nil, err
		}
		watched := len(n.watches)
		for _, m := range list {
			if n.coversOthers() {
				n.watch(s, m.Account)
			}
		}
		if len(n.watches) == watched {
			return list, dangling, nil
		}
	}
}

// coversOthers reports whether the client may want to hear of mailboxes of
// others.
func (n *notification) coversOthers() bool {
	return slices.ContainsFunc(n.groups, func(g eventGroup) bool {
		return g.filter == "SUBSCRIBED" || g.filter == "SUBTREE" || g.filter == "MAILBOXES"
	})
}

// stopNotify ends what NOTIFY began.
func (s *session) stopNotify() {
	if s.notify != nil && s.notify.stop != nil {
		s.notify.stop()
	}
	s.notify = nil
}

// notifyItems is what is fetched of new messages: nothing sets \Seen, and what a
// client needs to know of each response is there (RFC 7162 section 3.2.4).
func (s *session) notifyItems(items []item) []item {
	if items == nil {
		return nil
	}
	items = slices.Clone(items)
	for i := range items {
		items[i].seen = false
	}
	if !s.uidOnly && !hasItem(items, itemUID) {
		items = slices.Insert(items, 0, item{kind: itemUID, label: "UID"})
	}
	if hasItem(items, itemModSeq) {
		s.condstoreAware()
	}
	return items
}

// tellNotified tells what changed outside of the selected mailbox. What cannot
// be read any more ends the notifications, as RFC 5465 section 5.8 has it.
func (s *session) tellNotified(ctx context.Context) {
	n := s.notify
	if n == nil || n.stop == nil {
		return
	}
	changed := n.take()
	if len(changed) == 0 {
		n.own = nil
		return
	}
	err := n.tell(ctx, s, changed)
	n.own = nil
	if err != nil {
		s.log.Error("notifications ended", "error", err)
		s.stopNotify()
		s.notify = &notification{}
		s.enc.Text("* OK [NOTIFICATIONOVERFLOW] the mailboxes cannot be read; ask again\r\n")
	}
}

// take returns what has changed since it was asked last.
func (n *notification) take() []store.MailboxID {
	n.mu.Lock()
	defer n.mu.Unlock()
	ids := make([]store.MailboxID, 0, len(n.changed))
	for id := range n.changed {
		ids = append(ids, id)
	}
	clear(n.changed)
	slices.Sort(ids)
	return ids
}

// learn takes the mailboxes as they are for what the client knows.
func (n *notification) learn(ctx context.Context, s *session) error {
	list, dangling, err := n.list(ctx, s)
	if err != nil {
		return err
	}
	n.known, n.dangling = byID(list), dangling
	n.notes, err = n.readNotes(ctx, s, list)
	return err
}

func byID(list []store.Mailbox) map[store.MailboxID]store.Mailbox {
	known := make(map[store.MailboxID]store.Mailbox, len(list))
	for _, m := range list {
		known[m.ID] = m
	}
	return known
}

// tell tells what the changes mean to the client. Mostly a message came or a
// flag changed somewhere, which takes only the rows of those mailboxes.
func (n *notification) tell(ctx context.Context, s *session, changed []store.MailboxID) error {
	rows, err := s.srv.cfg.Store.Counters(ctx, changed)
	if err != nil {
		return err
	}
	if rows, changed, err = n.concerned(ctx, s, rows, changed); err != nil {
		return err
	}
	inList := len(rows) == len(changed) && !slices.ContainsFunc(rows, func(m store.Mailbox) bool {
		before, ok := n.known[m.ID]
		return !ok || before.Name != m.Name || before.SpecialUse != m.SpecialUse
	})
	if !inList {
		return n.tellList(ctx, s)
	}
	for _, m := range rows {
		before := n.known[m.ID]
		m.Subscribed, m.HasChildren, m.Rights = before.Subscribed, before.HasChildren, before.Rights
		n.tellCounters(s, before, m)
		n.known[m.ID] = m
	}
	return nil
}

// concerned leaves out mailboxes of others that the client does not know: were it
// to, the list of its own account had changed as well. The rows get the names
// that the client knows.
func (n *notification) concerned(ctx context.Context, s *session, rows []store.Mailbox, changed []store.MailboxID) (
	left []store.Mailbox, known []store.MailboxID, err error) {
	left = rows[:0]
	for _, m := range rows {
		before, known := n.known[m.ID]
		switch {
		case m.Account == s.account():
		case !known:
			changed = slices.DeleteFunc(changed, func(id store.MailboxID) bool { return id == m.ID })
			continue
		default:
			m.Name, m.SpecialUse = accountPrefix(before.Name)+m.Name, ""
			if m.OwnSeen {
				if m.Unseen, err = s.srv.cfg.Store.UnseenBy(ctx, m.ID, s.account()); err != nil {
					return nil, nil, err
				}
			}
		}
		left = append(left, m)
	}
	return left, changed, nil
}

// tellList compares the whole list.
func (n *notification) tellList(ctx context.Context, s *session) error {
	list, dangling, err := n.list(ctx, s)
	if err != nil {
		return err
	}
	notes, err := n.readNotes(ctx, s, list)
	if err != nil {
		return err
	}
	n.tellNames(s, list, dangling)
	for _, m := range list {
		before, ok := n.known[m.ID]
		if !ok {
			before = store.Mailbox{UIDNext: 1, ModSeq: m.ModSeq}
		}
		n.tellCounters(s, before, m)
	}
	n.tellNotes(s, list, notes)
	n.known, n.dangling, n.notes = byID(list), dangling, notes
	return nil
}

// wanted is the events of a mailbox, by its name, that the client wants.
func (n *notification) wanted(name string, subscribed bool) events {
	var e events
	for _, g := range n.groups {
		if g.covers(name, subscribed) {
			e |= g.events
		}
	}
	return e
}

// covers reports whether the group is about a mailbox that is not selected.
// Messages may be delivered to any mailbox, by rules, so that INBOXES is as good
// as PERSONAL (RFC 5465 section 6.3).
func (g *eventGroup) covers(name string, subscribed bool) bool {
	switch g.filter {
	case "PERSONAL", "INBOXES":
		return accountPrefix(name) == ""
	case "SUBSCRIBED":
		return subscribed
	}
	return slices.ContainsFunc(g.names, func(named string) bool {
		if named = norm.NFC.String(named); strings.EqualFold(named, inbox) {
			named = inbox
		}
		return name == named || g.filter == "SUBTREE" && strings.HasPrefix(name, named+string(store.Delimiter))
	})
}

// touches notes a name that a command of the client is about: what happens to
// it, to the levels above and to what is below is no news to the client.
func (s *session) touches(names ...string) {
	if s.notify != nil && s.notify.stop != nil {
		for _, name := range names {
			s.notify.own = append(s.notify.own, norm.NFC.String(name))
		}
	}
}

// isOwn reports whether the client knows what happened to a name.
func (n *notification) isOwn(name string) bool {
	const level = string(store.Delimiter)
	return slices.ContainsFunc(n.own, func(own string) bool {
		return own == name || strings.HasPrefix(own, name+level) || strings.HasPrefix(name, own+level)
	})
}

package imapd

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"

	"letterbox/store"
)

// tellNames tells of mailboxes that were made, removed or renamed, and of
// subscriptions (RFC 5465 sections 5.4 and 5.5). A mailbox that was made or
// removed affects the one above it as well.
func (n *notification) tellNames(s *session, list []store.Mailbox, dangling []string) {
	now := map[string]store.Mailbox{}
	before := map[string]store.Mailbox{}
	for _, m := range list {
		now[m.Name] = m
	}
	for _, m := range n.known {
		before[m.Name] = m
	}
	told := map[string]bool{}
	tell := func(name, oldName string, kind events) {
		m, exists := now[name]
		if !exists {
			m = store.Mailbox{Name: name, Subscribed: slices.Contains(dangling, name)}
		}
		if !told[name] && n.wanted(name, m.Subscribed)&kind != 0 && !n.isOwn(name) {
			told[name] = true
			s.tellName(listed{Mailbox: m, exists: exists}, oldName)
		}
	}
	for _, m := range list {
		old, ok := n.known[m.ID]
		switch {
		case !ok:
			tell(m.Name, "", mailboxName)
		case old.Name != m.Name && !n.movedAlong(old, m, now):
			tell(m.Name, old.Name, mailboxName)
		case old.SpecialUse != m.SpecialUse || old.HasChildren != m.HasChildren:
			tell(m.Name, "", mailboxName)
		}
	}
	after := byID(list)
	for _, name := range sortedNames(before) {
		if _, there := now[name]; !there {
			if _, renamed := after[before[name].ID]; !renamed {
				tell(name, "", mailboxName)
			}
		}
	}
	for _, name := range subscriptionChanges(before, now, n.dangling, dangling) {
		tell(name, "", subscriptionChange)
	}
}

// movedAlong reports whether a mailbox has its new name since one above it was
// renamed, of which the client is told.
func (n *notification) movedAlong(old, m store.Mailbox, now map[string]store.Mailbox) bool {
	for parent := range ancestors(m.Name) {
		above, ok := n.known[now[parent].ID]
		if ok && above.Name != parent && old.Name == above.Name+strings.TrimPrefix(m.Name, parent) {
			return true
		}
	}
	return false
}

func sortedNames(mailboxes map[string]store.Mailbox) []string {
	names := make([]string, 0, len(mailboxes))
	for name := range mailboxes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// subscriptionChanges are the names that were subscribed and are not, or the
// other way round.
func subscriptionChanges(before, now map[string]store.Mailbox, danglingBefore, danglingNow []string) []string {
	old := subscribedNames(before, danglingBefore)
	current := subscribedNames(now, danglingNow)
	var changed []string
	for name := range current {
		if !old[name] {
			changed = append(changed, name)
		}
	}
	for name := range old {
		if !current[name] {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

func subscribedNames(mailboxes map[string]store.Mailbox, dangling []string) map[string]bool {
	names := map[string]bool{}
	for name, m := range mailboxes {
		if m.Subscribed {
			names[name] = true
		}
	}
	for _, name := range dangling {
		names[name] = true
	}
	return names
}

// readNotes reads the annotations that the client wants to hear of, as hashes.
func (n *notification) readNotes(ctx context.Context, s *session, list []store.Mailbox) (map[note]uint64, error) {
	notes := map[note]uint64{}
	read := func(id store.MailboxID) error {
		all, err := s.srv.cfg.Store.Metadata(ctx, id, s.account())
		for _, a := range all {
			notes[note{id, a.Name}] = maphash.Bytes(n.seed, a.Value)
		}
		return err
	}
	if slices.ContainsFunc(n.groups, func(g eventGroup) bool { return g.events&serverMetadata != 0 }) {
		if err := read(store.ServerMetadata); err != nil {
			return nil, err
		}
	}
	for _, m := range list {
		if n.wanted(m.Name, m.Subscribed)&mailboxMetadata == 0 || !m.Rights.Any(annotationRights) {
			continue
		}
		if err := read(m.ID); err != nil {
			return nil, err
		}
	}
	return notes, nil
}

// tellNotes writes METADATA responses with the names of annotations that
// changed, without their values (RFC 5465 sections 5.6 and 5.7).
func (n *notification) tellNotes(s *session, list []store.Mailbox, notes map[note]uint64) {
	changed := map[store.MailboxID][]string{}
	for k, hash := range notes {
		if before, ok := n.notes[k]; !ok || before != hash {
			changed[k.mailbox] = append(changed[k.mailbox], k.name)
		}
	}
	for k := range n.notes {
		if _, there := notes[k]; !there {
			changed[k.mailbox] = append(changed[k.mailbox], k.name)
		}
	}
	if !n.isOwn("") {
		s.tellChangedNotes("", changed[store.ServerMetadata])
	}
	for _, m := range list {
		if _, knew := n.known[m.ID]; knew && !n.isOwn(m.Name) {
			s.tellChangedNotes(m.Name, changed[m.ID])
		}
	}
}

func (s *session) tellChangedNotes(mailbox string, names []string) {
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	s.enc.Text("* METADATA ")
	s.enc.Mailbox(mailbox)
	for _, name := range names {
		s.enc.SP()
		s.tellEntry(name)
	}
	s.enc.CRLF()
}

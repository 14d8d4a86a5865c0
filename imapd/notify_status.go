package imapd

import (
	"slices"
	"strings"

	"letterbox/store"
)

// tellCounters writes the STATUS response for a mailbox in which messages came,
// went or changed (RFC 5465 sections 5.1 to 5.3).
func (n *notification) tellCounters(s *session, before, now store.Mailbox) {
	e := n.wanted(now.Name, now.Subscribed)
	if e&messageEvents == 0 || s.sel != nil && s.sel.id == now.ID || !now.Rights.Has(store.Read) {
		return
	}
	var items []string
	if now.Messages != before.Messages || now.UIDNext != before.UIDNext {
		items = append(items, "MESSAGES", "UIDNEXT")
	}
	flags := e&flagChange != 0 && now.ModSeq != before.ModSeq
	if flags && now.Unseen != before.Unseen {
		items = append(items, "UNSEEN")
	}
	if s.condstore && (flags || len(items) > 0) {
		items = append(items, "HIGHESTMODSEQ")
	}
	if len(items) == 0 {
		return
	}
	if flags {
		items = append(items, "UIDVALIDITY")
	}
	s.writeStatus(&now, statusItemsNamed(items))
}

// tellAllStatus tells where the mailboxes stand whose messages the client wants
// to hear of (RFC 5465 section 3.1).
func (n *notification) tellAllStatus(s *session) {
	list := make([]store.Mailbox, 0, len(n.known))
	for _, m := range n.known {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b store.Mailbox) int { return strings.Compare(a.Name, b.Name) })
	for i, m := range list {
		e := n.wanted(m.Name, m.Subscribed)
		if e&messageEvents == 0 || s.sel != nil && s.sel.id == m.ID || !m.Rights.Has(store.Read) {
			continue
		}
		items := []string{"MESSAGES", "UIDNEXT", "UIDVALIDITY"}
		if e&flagChange != 0 {
			items = append(items, "HIGHESTMODSEQ")
		}
		s.writeStatus(&list[i], statusItemsNamed(items))
	}
}

// statusItemsNamed finds items of STATUS, which exist.
func statusItemsNamed(names []string) []statusItem {
	var items []statusItem
	for _, it := range statusItems() {
		if slices.Contains(names, it.name) {
			items = append(items, it)
		}
	}
	return items
}

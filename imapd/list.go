package imapd

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// A listing is a LIST command: RFC 9051 section 6.3.9, RFC 5258, RFC 5819 for
// STATUS, RFC 6154 for SPECIAL-USE. Attributes that RETURN asks for and that
// cost nothing are there anyway: children and special uses.
type listing struct {
	patterns []string // the reference is in

	selectSubscribed, selectSpecialUse, recursive bool // selection options
	extended                                      bool // any of the extended syntax was used

	returnSubscribed bool
	status           []statusItem   // nil: none
	rights           bool           // MYRIGHTS (RFC 8440)
	metadata         *metadataQuery // nil: none
}

// A listed name may be that of a mailbox, or one that is only subscribed, or
// only stands above a subscribed one.
type listed struct {
	store.Mailbox
	exists   bool
	level    bool // no mailbox, but there are some below
	children bool // CHILDINFO: some name below is selected
}

// list runs LIST.
func list(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	l := readListing(d)
	if err := d.End(); err != nil {
		return err
	}
	if !l.extended && len(l.patterns) == 1 && l.patterns[0] == "" {
		s.enc.Text("* LIST (\\Noselect) \"/\" \"\"\r\n") // asks for the delimiter
		return nil
	}
	mailboxes, dangling, err := s.visible(ctx)
	if err != nil {
		return err
	}
	for _, m := range append(l.choose(mailboxes, dangling), l.levels(mailboxes)...) {
		s.tellListed(l, &m)
		if l.rights && m.exists && l.selects(&m) {
			s.tellMyRights(&m.Mailbox)
		}
		if l.status != nil && m.exists && l.selects(&m) && m.Rights.Has(store.Read) {
			s.tellStatus(&m.Mailbox, l.status)
		}
		if err := s.tellListedMetadata(ctx, l, &m); err != nil {
			return err
		}
	}
	return nil
}

// readListing reads the arguments of LIST.
func readListing(d *wire.Decoder) *listing {
	l := &listing{}
	d.SP()
	if d.Peek() == '(' {
		l.extended = true
		l.readSelection(d)
		d.SP()
	}
	reference := d.Mailbox()
	d.SP()
	l.readPatterns(d, reference)
	if d.Accept(' ') {
		l.extended = true
		if d.Keyword() != "RETURN" {
			d.Fail("RETURN")
		}
		d.SP()
		d.List(func() { l.readReturn(d) })
	}
	return l
}

func (l *listing) readSelection(d *wire.Decoder) {
	d.List(func() {
		switch d.Keyword() {
		case "SUBSCRIBED":
			l.selectSubscribed = true
		case "SPECIAL-USE":
			l.selectSpecialUse = true
		case "RECURSIVEMATCH":
			l.recursive = true
		case "REMOTE": // nothing is remote here
		default:
			d.Fail("a selection option of LIST")
		}
	})
	if l.recursive && !l.selectSubscribed && !l.selectSpecialUse {
		d.Fail("another selection option with RECURSIVEMATCH") // RFC 9051 section 6.3.9.1
	}
}

func (l *listing) readPatterns(d *wire.Decoder, reference string) {
	add := func() { l.patterns = append(l.patterns, reference+d.ListMailbox()) }
	if d.Peek() != '(' {
		if add(); reference != "" && l.patterns[0] == reference {
			l.patterns[0] = "" // an empty pattern asks for the delimiter whatever the reference
		}
		return
	}
	l.extended = true
	d.List(add)
	if len(l.patterns) == 0 {
		d.Fail("at least one pattern")
	}
}

func (l *listing) readReturn(d *wire.Decoder) {
	switch d.Keyword() {
	case "SUBSCRIBED":
		l.returnSubscribed = true
	case "CHILDREN", "SPECIAL-USE": // always returned
	case "STATUS":
		d.SP()
		l.status = readStatusItems(d)
	case "MYRIGHTS":
		l.rights = true
	case "METADATA":
		d.SP()
		l.metadata = &metadataQuery{maxSize: -1}
		l.metadata.setEntries(d, readListEntries(d))
	default:
		d.Fail("a return option of LIST")
	}
}

// choose returns the names to report, in the order of the store.
func (l *listing) choose(mailboxes []store.Mailbox, dangling []string) []listed {
	names := make([]listed, 0, len(mailboxes)+len(dangling))
	for _, m := range mailboxes {
		names = append(names, listed{Mailbox: m, exists: true})
	}
	if l.selectSubscribed {
		for _, name := range dangling {
			names = append(names, listed{Mailbox: store.Mailbox{Name: name, Subscribed: true}})
		}
	}
	match := newMatcher(l.patterns)
	if !l.recursive {
		return slices.DeleteFunc(names, func(m listed) bool { return !l.selects(&m) || !match.name(m.Name) })
	}
	return l.chooseRecursively(names, match)
}

// levels returns the names above those of mailboxes that are no mailboxes: in the
// namespaces of others, and where the user may not see what is above.
func (l *listing) levels(mailboxes []store.Mailbox) (levels []listed) {
	if l.selectSubscribed || l.selectSpecialUse {
		return nil
	}
	match := newMatcher(l.patterns)
	known := map[string]bool{}
	for _, m := range mailboxes {
		known[m.Name] = true
	}
	for _, m := range mailboxes {
		for above := range ancestors(m.Name) {
			if !known[above] && match.name(above) {
				levels = append(levels, listed{Mailbox: store.Mailbox{Name: above, HasChildren: true}, level: true})
			}
			known[above] = true
		}
	}
	return levels
}

// chooseRecursively is choose with RECURSIVEMATCH. A name that is not itself
// selected is reported when a selected one below it is not (RFC 9051 section
// 6.3.9.3, 2B).
func (l *listing) chooseRecursively(names []listed, match *matcher) []listed {
	above := map[string]bool{}       // names with a selected one below
	aboveHidden := map[string]bool{} // and that is not reported
	exist := map[string]bool{}
	for _, m := range names {
		exist[m.Name] = true
		if !l.selects(&m) {
			continue
		}
		hidden := !match.name(m.Name)
		for parent := range ancestors(m.Name) {
			above[parent] = true
			aboveHidden[parent] = aboveHidden[parent] || hidden
		}
	}
	for parent := range above {
		if !exist[parent] {
			names = append(names, listed{Mailbox: store.Mailbox{Name: parent}})
		}
	}
	var chosen []listed
	for _, m := range names {
		if match.name(m.Name) && (l.selects(&m) || aboveHidden[m.Name]) {
			m.children = above[m.Name]
			chosen = append(chosen, m)
		}
	}
	return chosen
}

// ancestors yields the names above a name, the nearest first.
func ancestors(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for {
			i := strings.LastIndexByte(name, store.Delimiter)
			if i < 0 || !yield(name[:i]) {
				return
			}
			name = name[:i]
		}
	}
}

// selects reports whether the selection options want the name.
func (l *listing) selects(m *listed) bool {
	return (!l.selectSubscribed || m.Subscribed) && (!l.selectSpecialUse || m.SpecialUse != "")
}

// tellListed writes the LIST response for one name.
func (s *session) tellListed(l *listing, m *listed) {
	attrs := attributes(m)
	if m.Subscribed && (l.selectSubscribed || l.returnSubscribed) {
		attrs = append(attrs, imap.MailboxAttrSubscribed)
	}
	s.writeListed("LIST", attrs, m.Name)
	if m.children {
		s.enc.Text(` ("CHILDINFO" (` + l.criteria() + `))`)
	}
	s.enc.CRLF()
}

// criteria is what CHILDINFO says was asked for.
func (l *listing) criteria() string {
	var names []string
	if l.selectSubscribed {
		names = append(names, `"SUBSCRIBED"`)
	}
	if l.selectSpecialUse {
		names = append(names, `"SPECIAL-USE"`)
	}
	return strings.Join(names, " ")
}

// attributes are those that every response has.
func attributes(m *listed) []imap.MailboxAttr {
	var attrs []imap.MailboxAttr
	if !m.exists {
		attrs = append(attrs, imap.MailboxAttrNonExistent)
	}
	if m.level {
		attrs = append(attrs, imap.MailboxAttrNoSelect) // the older word for it
	}
	if m.HasChildren {
		attrs = append(attrs, imap.MailboxAttrHasChildren)
	} else {
		attrs = append(attrs, imap.MailboxAttrHasNoChildren)
	}
	if m.SpecialUse != "" {
		attrs = append(attrs, m.SpecialUse)
	}
	return attrs
}

// writeListed writes a LIST or LSUB response but for its end.
func (s *session) writeListed(response string, attrs []imap.MailboxAttr, name string) {
	s.enc.Text("* " + response + " (")
	for i, attr := range attrs {
		if i > 0 {
			s.enc.SP()
		}
		s.enc.Text(string(attr))
	}
	s.enc.Text(`) "/" `)
	s.enc.Mailbox(name)
}

// tellListedMetadata writes the annotations that RETURN asks for (RFC 9590). A
// name without a mailbox has none.
func (s *session) tellListedMetadata(ctx context.Context, l *listing, m *listed) error {
	if l.metadata == nil || !m.exists || !l.selects(m) || !m.Rights.Any(annotationRights) {
		return nil
	}
	all, err := s.srv.cfg.Store.Metadata(ctx, m.ID, s.account())
	if err != nil {
		return err
	}
	found, _ := l.metadata.choose(all)
	s.tellMetadata(m.Name, found)
	return nil
}

// readListEntries reads the entries of RETURN (METADATA ...): behind a single one
// stands the next option.
func readListEntries(d *wire.Decoder) []string {
	if d.Peek() == '(' {
		return readWords(d)
	}
	return []string{d.AString()}
}

package imapd

import (
	"context"
	"errors"
	"slices"
	"strings"

	"letterbox/imapd/wire"
	"letterbox/store"
)

// esearch answers ESEARCH: a search of several mailboxes, which need not be
// selected (RFC 7377). Responses name messages by uid.
func esearch(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	p := s.searchParser(d)
	p.late = true
	q := &query{returns: searchReturn{extended: true, all: true}}
	from := sources{{kind: "SELECTED"}}
	d.SP()
	if p.word("IN") {
		d.SP()
		from = parseSources(d)
		d.SP()
	}
	if p.word("RETURN") {
		q.returns = parseReturn(d)
		d.SP()
	}
	if p.word("CHARSET") {
		d.SP()
		s.readCharset(p)
		d.SP()
	}
	err := p.program(q)
	if d.Err() != nil {
		return d.Err()
	}
	c.byNumber = q.byNumber
	switch alone := len(from) == 1 && from[0].kind == "SELECTED"; {
	case q.byNumber && s.uidOnly:
		return uidRequired()
	case from.selected() && s.sel == nil:
		return bad("no mailbox is selected")
	case (q.returns.save || q.returns.update) && !alone:
		return bad("SAVE and UPDATE are for the selected mailbox alone")
	case err == nil && q.returns.update:
		err = s.mayUpdate(c)
	}
	if err != nil {
		if q.returns.save {
			s.sel.saved = nil // RFC 9051 section 6.4.4.1
		}
		return err
	}
	boxes, err := s.searched(ctx, from)
	if err != nil {
		return err
	}
	for i := range boxes {
		if err := s.searchIn(ctx, c, q, &boxes[i]); err != nil {
			return err
		}
	}
	return nil
}

// searchIn searches one mailbox and tells if it found something.
func (s *session) searchIn(ctx context.Context, c *call, q *query, box *store.Mailbox) error {
	sel, done, err := s.lookInto(ctx, box)
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	defer done()
	here := *q
	here.key = resolve(q.key, sel)
	found, err := s.findMessages(ctx, sel, c, &here)
	if err != nil {
		return err
	}
	uids := found.list(true)
	if q.returns.save {
		sel.saved = q.returns.toSave(&uids).uidSet()
	}
	// RFC 7377 section 2.1: nothing is said of mailboxes without a match.
	if uids.count() > 0 && !q.returns.silent() {
		s.beginESearch(c.tag, true, box)
		s.writeESearchData(q.returns, found, true, s.modSeqIn(sel, &here, found))
	}
	if q.returns.update {
		s.keepUpdating(c, &here, found, box)
	}
	return nil
}

// lookInto gives a mailbox as the client knows it: the selected one as it was
// told, others as they are.
func (s *session) lookInto(ctx context.Context, box *store.Mailbox) (sel *selected, done func(), err error) {
	if s.sel != nil && s.sel.id == box.ID {
		return s.sel, func() {}, nil
	}
	view, err := s.srv.cfg.Store.Sight(ctx, box.ID, s.account())
	if err != nil {
		return nil, nil, err
	}
	return &selected{view: view, id: box.ID, readOnly: true, rights: view.Rights(s.account()), uids: view.Snapshot().UIDs}, view.Close, nil
}

// A source says where to search (RFC 7377 section 2.2, RFC 5465 section 6).
type source struct {
	kind  string // capitals
	names []string
}

type sources []source

func (list sources) selected() bool {
	return slices.ContainsFunc(list, func(s source) bool { return s.kind == "SELECTED" })
}

// parseSources reads the list behind IN. Options of the scope are for extensions
// that there are none of.
func parseSources(d *wire.Decoder) (list sources) {
	d.Open()
	for {
		if d.Peek() == '(' {
			d.Fail("no scope options")
		}
		s := source{kind: d.Keyword()}
		switch s.kind {
		case "SELECTED", "INBOXES", "PERSONAL", "SUBSCRIBED":
		case "SUBTREE", "SUBTREE-ONE", "MAILBOXES":
			d.SP()
			if d.Peek() == '(' {
				d.List(func() { s.names = append(s.names, d.Mailbox()) })
			} else {
				s.names = []string{d.Mailbox()}
			}
			if len(s.names) == 0 {
				d.Fail("a mailbox")
			}
		default:
			d.Fail("a source such as personal or mailboxes")
		}
		list = append(list, s)
		if !d.Accept(' ') {
			break
		}
	}
	d.Close()
	return list
}

// searched finds the mailboxes, each once. Those that do not exist are passed
// over: to tell would say something about mailboxes that are not the user's
// (section 5).
func (s *session) searched(ctx context.Context, from sources) ([]store.Mailbox, error) {
	all, err := s.searchable(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(m store.Mailbox) bool {
		return !slices.ContainsFunc(from, func(src source) bool { return src.has(s, &m) })
	}), nil
}

// searchable are the mailboxes that the user may see and read (section 2.2).
func (s *session) searchable(ctx context.Context) ([]store.Mailbox, error) {
	all, _, err := s.visible(ctx)
	return slices.DeleteFunc(all, func(m store.Mailbox) bool { return m.Account != s.account() && !m.Rights.Has(store.Read) }), err
}

// has reports whether a mailbox is among those of a source.
func (src source) has(s *session, m *store.Mailbox) bool {
	switch src.kind {
	case "SELECTED":
		return s.sel != nil && s.sel.id == m.ID
	case "PERSONAL", "INBOXES": // mail may be delivered to each
		return m.Account == s.account()
	case "SUBSCRIBED":
		return m.Subscribed
	}
	return slices.ContainsFunc(src.names, func(name string) bool { return src.means(name, m.Name) })
}

// means reports whether a name given in the source means a mailbox.
func (src source) means(given, name string) bool {
	if sameName(given, name) {
		return true
	}
	parent := given + string(store.Delimiter)
	if src.kind == "MAILBOXES" || len(name) <= len(parent) || !sameName(given, name[:len(given)]) || name[len(given)] != store.Delimiter {
		return false
	}
	return src.kind == "SUBTREE" || !strings.ContainsRune(name[len(parent):], store.Delimiter)
}

// sameName: INBOX is the one name whose case does not matter.
func sameName(a, b string) bool {
	return a == b || strings.EqualFold(a, b) && strings.EqualFold(a, inbox)
}

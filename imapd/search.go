package imapd

import (
	"context"
	"time"

	"letterbox/imapd/wire"
)

// search answers SEARCH and UID SEARCH (RFC 9051 section 6.4.4).
func search(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	q, err := s.parseSearch(d)
	if d.Err() != nil {
		return d.Err() // BAD leaves "$" alone
	}
	return s.answerSearch(ctx, c, q, err)
}

// A query is what SEARCH, SORT or THREAD asks.
type query struct {
	returns searchReturn
	order   []criterion // of SORT; nil: that of the mailbox
	key     searchKey
	needles needles
	lookups lookups

	cards    bool // a key is about what cards say
	fuzzy    bool // there is a FUZZY key
	modseq   bool // a key is about modseqs
	byNumber bool // a key has message numbers
}

// answerSearch searches the selected mailbox and answers; err is what is wrong
// with the query.
func (s *session) answerSearch(ctx context.Context, c *call, q *query, err error) error {
	c.byNumber = q.byNumber
	if err == nil && q.byNumber && s.uidOnly {
		return uidRequired()
	}
	all, limit := s.withinLimit(spanOf(s.sel.uids))
	if limit != "" {
		q.key = newAnd([]searchKey{uidKey{all}, q.key})
		c.code, c.text = limit, "search the messages below, too"
	}
	if err == nil && q.returns.update {
		err = s.mayUpdate(c)
	}
	var found *result
	if err == nil {
		found, err = s.findMessages(ctx, s.sel, c, q)
	}
	if q.returns.save {
		// RFC 9051 section 6.4.4.1: NO empties it.
		s.sel.saved = nil
		if err == nil {
			uids := found.list(true)
			s.sel.saved = q.returns.toSave(&uids).uidSet()
		}
	}
	if err != nil {
		return err
	}
	s.writeSearch(c, q.returns, found, s.searchModSeq(q, found))
	if q.returns.update {
		s.keepUpdating(c, q, found, nil)
	}
	return nil
}

// findMessages searches a mailbox, and sorts what it finds if that is asked for.
func (s *session) findMessages(ctx context.Context, sel *selected, c *call, q *query) (*result, error) {
	sc := newScan(s, sel, c, q)
	sc.firstOnly = q.order == nil && q.returns.firstOnly()
	found, err := sc.run(ctx, nil)
	if err != nil || q.order == nil {
		return found, err
	}
	return found, sc.sort(ctx, found)
}

// parseSearch reads the command. Without a mistake in the decoder, an error is
// about the charset or a filter.
func (s *session) parseSearch(d *wire.Decoder) (*query, error) {
	q := &query{returns: searchReturn{extended: s.rev2, all: true}}
	p := s.searchParser(d)
	d.SP()
	if p.word("RETURN") {
		q.returns = parseReturn(d)
		d.SP()
	}
	if p.word("CHARSET") {
		d.SP()
		s.readCharset(p)
		d.SP()
	}
	return q, p.program(q)
}

// readCharset reads the charset of the strings in the search keys.
func (s *session) readCharset(p *searchParser) {
	name := p.d.AString()
	if s.utf8 && !isUTF8(name) {
		p.d.Fail("no charset but UTF-8 after UTF8=ACCEPT") // RFC 6855 section 3
	}
	p.setCharset(name)
}

// program reads the search keys and the end of the command.
func (p *searchParser) program(q *query) error {
	q.key = p.keys()
	q.needles, q.lookups, q.cards, q.fuzzy, q.modseq, q.byNumber = p.needles, p.lookups, p.cards, p.fuzzy, p.modseq, p.byNumber
	ranked := q.returns.relevancy
	for _, c := range q.order {
		ranked = ranked || c.key == sortRelevancy
	}
	if ranked && !q.fuzzy {
		p.d.Fail("FUZZY with RELEVANCY") // RFC 6203 section 4
	}
	if err := p.d.End(); err != nil {
		return err
	}
	return p.refusal
}

func (s *session) searchParser(d *wire.Decoder) *searchParser {
	if s.sel == nil {
		return &searchParser{d: d, now: time.Now(), late: true, decode: checkUTF8, filters: s.filterText}
	}
	return &searchParser{
		d:        d,
		now:      time.Now(),
		messages: uint32(len(s.sel.uids)),
		lastUID:  s.sel.lastUID(),
		saved:    s.sel.saved,
		bits:     s.sel.view.Bits,
		decode:   checkUTF8,
		filters:  s.filterText,
	}
}

package imapd

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
)

// search answers SEARCH and UID SEARCH (RFC 9051 section 6.4.4).
func search(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	q, err := s.parseSearch(d)
	if d.Err() != nil {
		return d.Err() // BAD leaves "$" alone
	}
	c.byNumber = q.byNumber
	if err == nil && q.byNumber && s.uidOnly {
		return uidRequired()
	}
	all, limit := s.withinLimit(spanOf(s.sel.uids))
	if limit != "" {
		q.key = newAnd([]searchKey{uidKey{all}, q.key})
		c.code, c.text = limit, "search the messages below, too"
	}
	found, uids := numbers{}, numbers{}
	if err == nil {
		err = newScan(s, c, q).run(ctx, func(seq uint32, uid imap.UID) {
			uids.add(uint32(uid))
			found.add(seq)
		})
	}
	if q.returns.save {
		// RFC 9051 section 6.4.4.1: NO empties it.
		s.sel.saved = nil
		if err == nil {
			s.sel.saved = q.returns.toSave(&uids).uidSet()
		}
	}
	if err != nil {
		return err
	}
	if c.uid {
		found = uids
	}
	s.writeSearch(c, q.returns, &found, s.searchModSeq(q, &uids))
	return nil
}

// A query is what SEARCH asks.
type query struct {
	returns searchReturn
	key     searchKey
	needles needles
	lookups lookups

	modseq   bool // a key is about modseqs
	byNumber bool // a key has message numbers
}

// parseSearch reads the command. Without a mistake in the decoder, an error is
// about the charset.
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
		name := d.AString()
		if s.utf8 && !isUTF8(name) {
			d.Fail("no charset but UTF-8 after UTF8=ACCEPT") // RFC 6855 section 3
		}
		p.setCharset(name)
		d.SP()
	}
	q.key = p.keys()
	q.needles, q.lookups, q.modseq, q.byNumber = p.needles, p.lookups, p.modseq, p.byNumber
	if err := d.End(); err != nil {
		return q, err
	}
	return q, p.charsetError
}

func (s *session) searchParser(d *wire.Decoder) *searchParser {
	return &searchParser{
		d:        d,
		now:      time.Now(),
		messages: uint32(len(s.sel.uids)),
		lastUID:  s.sel.lastUID(),
		saved:    s.sel.saved,
		bits:     s.sel.view.Bits,
		decode:   checkUTF8,
	}
}

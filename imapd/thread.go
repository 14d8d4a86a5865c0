package imapd

import (
	"cmp"
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// thread answers THREAD and UID THREAD (RFC 5256).
func thread(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	q := &query{}
	p := s.searchParser(d)
	d.SP()
	algorithm := threadAlgorithms()[d.Keyword()]
	if algorithm == nil {
		d.Fail("ORDEREDSUBJECT, REFERENCES or REFS")
	}
	d.SP()
	s.readCharset(p)
	d.SP()
	err := p.program(q)
	if d.Err() != nil {
		return d.Err()
	}
	c.byNumber = q.byNumber
	switch {
	case err != nil:
		return err
	case q.byNumber && s.uidOnly:
		return uidRequired()
	}
	if q.modseq {
		s.condstoreAware()
	}
	messages, err := s.findThreaded(ctx, c, q)
	if err != nil {
		return err
	}
	s.enc.Text("* THREAD")
	for i, t := range algorithm(messages) {
		if i == 0 {
			s.enc.SP()
		}
		s.writeThread(t)
	}
	s.enc.CRLF()
	return nil
}

// threadAlgorithms are those of RFC 5256, and REFS of draft-ietf-morg-inthread.
func threadAlgorithms() map[string]func([]threaded) []*threadNode {
	return map[string]func([]threaded) []*threadNode{
		"ORDEREDSUBJECT": threadBySubject,
		"REFERENCES":     threadByReferences,
		"REFS":           threadByReferencesAlone,
	}
}

// A threaded message is one that is to be put into a thread.
type threaded struct {
	number uint32 // as it is told
	card   *store.Card
	rank   uint32 // of the subject
}

// A threadNode is a message in its thread, or a dummy.
type threadNode struct {
	*threaded // nil: a dummy
	children  []*threadNode
}

// findThreaded searches, and returns what was found in the order of the mailbox.
func (s *session) findThreaded(ctx context.Context, c *call, q *query) ([]threaded, error) {
	sc := newScan(s, s.sel, c, q)
	found, err := sc.run(ctx, nil)
	if err != nil || found.uids.count == 0 {
		return nil, err
	}
	deck, err := s.deck(ctx, sc)
	if err != nil {
		return nil, err
	}
	ranks, at := deck.Ranks(), 0
	messages := make([]threaded, 0, found.uids.count)
	list := found.list(c.uid)
	next := list.ranges.each()
	found.uids.walk(func(uid uint32) {
		m := threaded{number: next()}
		if m.card, at = deck.Find(at, imap.UID(uid)); m.card != nil { // else it has gone meanwhile
			m.rank = ranks[m.card.Subject]
			messages = append(messages, m)
		}
	})
	return messages, nil
}

// bySent compares by the sent date, and then by place in the mailbox (RFC 5256
// section 2.2).
func bySent(a, b *threaded) int {
	return cmp.Or(cmp.Compare(a.card.Sent, b.card.Sent), cmp.Compare(a.card.UID, b.card.UID))
}

// threadBySubject is ORDEREDSUBJECT.
func threadBySubject(messages []threaded) []*threadNode {
	slices.SortFunc(messages, func(a, b threaded) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), bySent(&a, &b))
	})
	var threads []*threadNode
	for i := range messages {
		m := &threadNode{threaded: &messages[i]}
		if last := len(threads) - 1; last >= 0 && threads[last].rank == m.rank {
			threads[last].children = append(threads[last].children, m)
			continue
		}
		threads = append(threads, m)
	}
	slices.SortFunc(threads, func(a, b *threadNode) int { return bySent(a.threaded, b.threaded) })
	return threads
}

// writeThread writes a thread-list: members in a row until it splits.
func (s *session) writeThread(t *threadNode) {
	s.enc.Text("(")
	for first := true; ; first = false {
		if t.threaded != nil {
			if !first {
				s.enc.SP()
			}
			s.enc.Number(uint64(t.number))
		}
		if len(t.children) != 1 {
			break
		}
		t = t.children[0]
	}
	if len(t.children) > 0 && t.threaded != nil {
		s.enc.SP()
	}
	for _, child := range t.children {
		s.writeThread(child)
	}
	s.enc.Text(")")
}

package imapd

import (
	"cmp"
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// sortMessages answers SORT and UID SORT (RFC 5256), with RETURN as well (RFC
// 5267 section 3).
func sortMessages(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	q := &query{}
	p := s.searchParser(d)
	d.SP()
	if d.Peek() != '(' && p.word("RETURN") {
		q.returns = parseReturn(d)
		d.SP()
	}
	q.order = parseCriteria(d)
	d.SP()
	s.readCharset(p)
	d.SP()
	err := p.program(q)
	if d.Err() != nil {
		return d.Err()
	}
	return s.answerSearch(ctx, c, q, err)
}

// sortKey is what messages are sorted by.
type sortKey uint8

const (
	sortArrival sortKey = iota
	sortCc
	sortDate
	sortFrom
	sortSize
	sortSubject
	sortTo
	sortDisplayFrom // RFC 5957
	sortDisplayTo
	sortRelevancy // RFC 6203
)

// A criterion is one of SORT's, which are applied in turn.
type criterion struct {
	key     sortKey
	reverse bool
}

// maxCriteria is more than there are.
const maxCriteria = 50

func parseCriteria(d *wire.Decoder) (list []criterion) {
	d.Open()
	for {
		var c criterion
		name := d.Keyword()
		if name == "REVERSE" {
			c.reverse = true
			d.SP()
			name = d.Keyword()
		}
		keys := []string{"ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO", "RELEVANCY"}
		i := slices.Index(keys, name)
		if i < 0 || len(list) == maxCriteria {
			d.Fail("a sort criterion such as DATE or REVERSE SUBJECT")
		}
		c.key = sortKey(i)
		list = append(list, c)
		if !d.Accept(' ') {
			break
		}
	}
	d.Close()
	return list
}

// sort puts what was found in order.
func (sc *scan) sort(ctx context.Context, found *result) error {
	deck, err := sc.s.deck(ctx, sc)
	if err != nil {
		return err
	}
	messages := make([]sortable, 0, found.uids.count)
	at := 0
	found.uids.walk(func(uid uint32) {
		m := sortable{uid: imap.UID(uid)}
		if m.card, at = deck.Find(at, m.uid); m.card == nil {
			m.card = &store.Card{} // gone meanwhile
		}
		if found.scores != nil {
			m.score = found.scores[len(messages)]
		}
		messages = append(messages, m)
	})
	order := newOrder(sc.query.order, deck)
	for i := range messages {
		order.weigh(&messages[i])
	}
	slices.SortFunc(messages, order.compare)
	found.order = make([]imap.UID, len(messages))
	for i, m := range messages {
		found.order[i] = m.uid
	}
	return nil
}

// A sortable is a message that is being sorted.
type sortable struct {
	uid    imap.UID
	score  uint8
	weight uint64 // by the first criterion
	card   *store.Card
}

// An order compares messages by criteria. Most are told apart by the first,
// which is made a number beforehand.
type order struct {
	criteria []criterion
	ranks    []uint32 // of the words on cards
}

func newOrder(criteria []criterion, deck *store.Deck) *order {
	return &order{criteria, deck.Ranks()}
}

func (o *order) weigh(m *sortable) { m.weight = o.weightBy(o.criteria[0], m) }

// compare: what is equal by all criteria keeps the order of the mailbox, also in
// reverse (RFC 5256 section 3, REVERSE).
func (o *order) compare(a, b sortable) int {
	if a.weight != b.weight {
		return cmp.Compare(a.weight, b.weight)
	}
	for _, c := range o.criteria[1:] {
		if n := cmp.Compare(o.weightBy(c, &a), o.weightBy(c, &b)); n != 0 {
			return n
		}
	}
	return cmp.Compare(a.uid, b.uid)
}

// weightBy is a number that ascends in the order of a criterion.
func (o *order) weightBy(c criterion, m *sortable) uint64 {
	weight := o.by(c.key, m)
	if c.reverse {
		return ^weight
	}
	return weight
}

func (o *order) by(key sortKey, m *sortable) uint64 {
	switch key {
	case sortArrival:
		return ascending(m.card.Received)
	case sortDate:
		return ascending(m.card.Sent)
	case sortSize:
		return ascending(m.card.Size)
	case sortRelevancy:
		return maxScore - uint64(m.score) // the highest first
	}
	return uint64(o.ranks[wordOf(key, m.card)])
}

// ascending keeps the order of signed numbers.
func ascending(n int64) uint64 { return uint64(n) ^ 1<<63 }

func wordOf(key sortKey, c *store.Card) store.Word {
	switch key {
	case sortCc:
		return c.Cc
	case sortFrom:
		return c.From
	case sortTo:
		return c.To
	case sortDisplayFrom:
		return c.FromName
	case sortDisplayTo:
		return c.ToName
	}
	return c.Subject
}

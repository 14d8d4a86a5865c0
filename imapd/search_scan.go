package imapd

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// A candidate is the message that is being judged. What is not known yet is
// missing: the later stages of a scan fill it in.
type candidate struct {
	seq    uint32
	entry  store.Entry
	recent bool
	card   *store.Card
	facts  store.Facts // what the search index knows
	row    *store.Row
	text   *searchText

	score uint8 // of the FUZZY keys that matched so far; see fuzzyKey

	value, folded []byte // scratch
}

// header is where to look for a key's field.
func (c *candidate) header(k fieldKey) []byte {
	if k.usual {
		return c.row.Header
	}
	return c.text.header(c.row)
}

// A scan is a search under way. It goes through the mailbox in chunks: first by
// what the view knows, then, for the messages that this leaves open, by the
// catalog's cards, by what the search index knows, by its texts, and at last by
// rows, header and text; see search_stages.go. Nothing is locked meanwhile.
type scan struct {
	s     *session
	sel   *selected
	call  *call
	query *query
	c     candidate

	firstOnly bool // one message found is enough

	deck    *store.Deck
	sieve   *store.Sieve // nil: not asked yet, or of no use
	asked   bool         // for a sieve
	columns store.Columns

	entries  []store.Entry // of the chunk
	seqs     []uint32
	verdicts []verdict
	scores   []uint8
	facts    []store.Facts
	uids     []imap.UID // scratch

	began time.Time
	spoke time.Time // when the client last saw a sign of life
	gone  func() bool
}

// scanChunk is how many messages are judged by the view at once.
const scanChunk = 4096

func newScan(s *session, sel *selected, c *call, q *query) *scan {
	now := time.Now()
	sc := &scan{s: s, sel: sel, call: c, query: q, began: now, spoke: now}
	sc.c.text = newSearchText(s, q.needles)
	sc.columns = store.WithSaved
	switch cost := q.key.cost(); {
	case cost >= ofFields:
		sc.columns |= store.WithHeader | store.WithParts | store.WithBody
	case cost == ofHeader:
		sc.columns |= store.WithHeader
	}
	return sc
}

// run searches the mailbox, or of it only the messages in among (ascending) if
// that is not nil.
func (sc *scan) run(ctx context.Context, among []imap.UID) (*result, error) {
	found := &result{}
	uids, seqOf := sc.sel.uids, func(i int, _ imap.UID) uint32 { return uint32(i) + 1 }
	if among != nil {
		uids, seqOf = among, func(_ int, uid imap.UID) uint32 { return sc.sel.seqOf(uid) }
	}
	first := 0
	for chunk := range slices.Chunk(uids, scanChunk) {
		sc.byView(chunk, func(i int, uid imap.UID) uint32 { return seqOf(first+i, uid) })
		for _, stage := range []func(context.Context) error{sc.byCards, sc.byIndex, sc.byRows} {
			if err := stage(ctx); err != nil {
				return nil, err
			}
		}
		for i, v := range sc.verdicts {
			if v != hit {
				continue
			}
			found.add(sc.seqs[i], sc.entries[i].UID)
			if sc.query.fuzzy {
				found.scores = append(found.scores, max(sc.scores[i], 1))
			}
			if sc.firstOnly {
				return found, nil
			}
		}
		first += len(chunk)
	}
	return found, nil
}

// byView judges a chunk of messages by flags and numbers. Messages that the
// client knows and that are gone match nothing.
func (sc *scan) byView(uids []imap.UID, seqOf func(int, imap.UID) uint32) {
	sc.entries = sc.sel.view.Entries(sc.entries[:0], uids)
	n := len(sc.entries)
	sc.seqs, sc.verdicts = sc.seqs[:0], append(sc.verdicts[:0], make([]verdict, n)...)
	sc.facts, sc.scores = append(sc.facts[:0], make([]store.Facts, n)...), append(sc.scores[:0], make([]uint8, n)...)
	i := 0
	for k, e := range sc.entries {
		for uids[i] != e.UID {
			i++
		}
		sc.seqs = append(sc.seqs, seqOf(i, e.UID))
		sc.judge(k)
	}
}

// judge judges the message at a place of the chunk by what is known: sc.c.card
// and sc.c.row are the caller's to set.
func (sc *scan) judge(i int) {
	e := sc.entries[i]
	sc.c.seq, sc.c.entry, sc.c.facts = sc.seqs[i], e, sc.facts[i]
	sc.c.recent, sc.c.score = sc.sel.isRecent(e.UID), maxScore
	sc.verdicts[i] = sc.query.key.match(&sc.c)
	sc.scores[i] = sc.c.score
}

// rejudge judges again what is open, with the cards if they are there.
func (sc *scan) rejudge() {
	at := 0
	for i, v := range sc.verdicts {
		if v != undecided {
			continue
		}
		if sc.deck != nil {
			sc.c.card, at = sc.deck.Find(at, sc.entries[i].UID)
		}
		sc.judge(i)
	}
	sc.c.card = nil
}

// watchAfter is how long a search may take until the connection is watched for
// its end.
const watchAfter = 50 * time.Millisecond

// signOfLife is how often a client that waits for a long search hears from it:
// often enough for NAT boxes, and a client that has gone is noticed.
const signOfLife = 10 * time.Second

// errClientGone ends a search whose client has gone.
var errClientGone = errors.New("client has gone")

// alive ends the search when the connection has ended, and tells the client now
// and then how far it is.
func (sc *scan) alive(ctx context.Context, seq uint32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if sc.gone != nil && sc.gone() {
		return ending{errClientGone}
	}
	now := time.Now()
	if sc.gone == nil && now.Sub(sc.began) > watchAfter {
		sc.gone = sc.s.link.watch()
	}
	if now.Sub(sc.spoke) < signOfLife {
		return nil
	}
	sc.spoke = now
	return sc.s.tellProgress(sc.call, uint64(seq), uint64(len(sc.sel.uids)))
}

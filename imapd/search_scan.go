package imapd

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// A candidate is the message that is being judged.
type candidate struct {
	seq    uint32
	entry  store.Entry
	recent bool
	facts  store.Facts // what the search index knows
	row    *store.Row  // nil while there is nothing but the view to go by
	text   *searchText

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
// what the view knows, then, for the messages that this leaves open, by what the
// search index knows, by its texts, and at last by rows, header and text. Nothing
// is locked meanwhile.
type scan struct {
	s     *session
	call  *call
	query *query
	cols  store.Columns
	c     candidate

	sieve *store.Sieve // nil: not asked yet, or of no use
	asked bool

	entries  []store.Entry // of the chunk
	seqs     []uint32
	verdicts []verdict
	facts    []store.Facts
	uids     []imap.UID // scratch

	began time.Time
	spoke time.Time // when the client last saw a sign of life
	gone  func() bool
}

// scanChunk is how many messages are judged by the view at once.
const scanChunk = 4096

func newScan(s *session, c *call, q *query) *scan {
	now := time.Now()
	sc := &scan{s: s, call: c, query: q, began: now, spoke: now}
	sc.c.text = newSearchText(s, q.needles)
	sc.cols = store.WithSaved
	switch cost := q.key.cost(); {
	case cost >= ofFields:
		sc.cols |= store.WithHeader | store.WithParts | store.WithBody
	case cost == ofHeader:
		sc.cols |= store.WithHeader
	}
	return sc
}

// run calls found for each message that matches, ascending.
func (sc *scan) run(ctx context.Context, found func(uint32, imap.UID)) error {
	defer sc.s.link.unwatch()
	first := uint32(1)
	for uids := range slices.Chunk(sc.s.sel.uids, scanChunk) {
		sc.byView(first, uids)
		if err := sc.byIndex(ctx); err != nil {
			return err
		}
		if err := sc.byRows(ctx); err != nil {
			return err
		}
		for i, v := range sc.verdicts {
			if v != hit {
				continue
			}
			found(sc.seqs[i], sc.entries[i].UID)
			if sc.query.returns.firstOnly() {
				return nil
			}
		}
		first += uint32(len(uids))
	}
	return nil
}

// byView judges a chunk of messages by flags and numbers.
func (sc *scan) byView(first uint32, uids []imap.UID) {
	sc.entries = sc.s.sel.view.Entries(sc.entries[:0], uids)
	sc.seqs, sc.verdicts, sc.facts = sc.seqs[:0], sc.verdicts[:0], sc.facts[:0]
	i := 0
	for i0, e := range sc.entries {
		for uids[i] != e.UID {
			i++
		}
		sc.seqs = append(sc.seqs, first+uint32(i))
		sc.facts = append(sc.facts, store.Facts{})
		sc.verdicts = append(sc.verdicts, undecided)
		sc.judge(i0, nil)
	}
}

// judge judges the message at a place of the chunk.
func (sc *scan) judge(i int, row *store.Row) {
	e := sc.entries[i]
	sc.c.seq, sc.c.entry, sc.c.facts, sc.c.row = sc.seqs[i], e, sc.facts[i], row
	sc.c.recent = sc.s.sel.isRecent(e.UID)
	sc.verdicts[i] = sc.query.key.match(&sc.c)
}

// byIndex judges what byView left open by the search index, as far as that goes.
func (sc *scan) byIndex(ctx context.Context) error {
	if len(sc.query.lookups) == 0 || !slices.Contains(sc.verdicts, undecided) {
		return nil
	}
	if !sc.asked {
		sc.asked = true
		var err error
		sc.sieve, err = sc.s.srv.cfg.Store.Sieve(ctx, sc.s.sel.id, sc.query.lookups)
		if err != nil {
			return sc.without(ctx, err)
		}
	}
	if sc.sieve == nil {
		return nil
	}
	sc.uids = sc.uids[:0]
	for _, e := range sc.entries {
		sc.uids = append(sc.uids, e.UID)
	}
	sc.facts = sc.sieve.Facts(sc.facts[:0], sc.uids)
	sc.rejudge()
	if !sc.query.lookups.inTexts() {
		return nil
	}
	return sc.byTexts(ctx)
}

// rejudge judges again what is open.
func (sc *scan) rejudge() {
	for i, v := range sc.verdicts {
		if v == undecided {
			sc.judge(i, nil)
		}
	}
}

// byTexts judges what is open by the texts of the search index.
func (sc *scan) byTexts(ctx context.Context) error {
	sc.uids = sc.uids[:0]
	for i, v := range sc.verdicts {
		if v == undecided {
			sc.uids = append(sc.uids, sc.entries[i].UID)
		}
	}
	err := sc.sieve.Read(ctx, sc.uids, func(uid imap.UID, f store.Facts) error {
		i, _ := slices.BinarySearchFunc(sc.entries, uid, func(e store.Entry, uid imap.UID) int { return cmp.Compare(e.UID, uid) })
		sc.facts[i] = f
		sc.judge(i, nil)
		return sc.alive(ctx, sc.seqs[i])
	})
	if err != nil {
		return sc.without(ctx, err)
	}
	return nil
}

// without goes on without the search index, unless the search has ended.
func (sc *scan) without(ctx context.Context, err error) error {
	if ctx.Err() != nil || sc.s.enc.Err() != nil || errors.Is(err, errClientGone) {
		return err
	}
	sc.s.log.Warn("searching without the index", "error", err)
	sc.sieve = nil
	return nil
}

// errEnough ends a search that has found what it needs.
var errEnough = errors.New("found")

// byRows judges what byView left open. A message that has gone meanwhile
// matches nothing.
func (sc *scan) byRows(ctx context.Context) error {
	open := sc.open()
	if len(open) == 0 {
		return nil
	}
	i := 0
	err := sc.s.srv.cfg.Store.Rows(ctx, sc.s.sel.id, open, sc.cols, func(row *store.Row) error {
		for i < len(sc.entries) && sc.entries[i].UID < row.UID {
			i++
		}
		if i == len(sc.entries) || sc.entries[i].UID != row.UID {
			return nil
		}
		sc.c.text.begin(ctx)
		if err := sc.s.completeHeader(ctx, row, sc.cols); err != nil {
			sc.c.text.complain(row, err)
		}
		sc.judge(i, row)
		if sc.verdicts[i] == hit && sc.query.returns.firstOnly() {
			return errEnough
		}
		return sc.alive(ctx, sc.seqs[i])
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// open is the set of messages with an undecided verdict.
func (sc *scan) open() imap.UIDSet {
	var set imap.UIDSet
	beside := false // the message before is in
	for i, v := range sc.verdicts {
		uid := sc.entries[i].UID
		switch {
		case v == undecided && beside:
			set[len(set)-1].Stop = uid
		case v == undecided:
			set = append(set, imap.UIDRange{Start: uid, Stop: uid})
		}
		beside = v == undecided
	}
	return set
}

// signOfLife is how often a client that waits for a long search hears from it:
// often enough for NAT boxes, and a client that has gone is noticed.
const signOfLife = 10 * time.Second

// watchAfter is how long a search may take until the connection is watched for
// its end.
const watchAfter = 50 * time.Millisecond

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
	return sc.s.tellProgress(sc.call, uint64(seq), uint64(len(sc.s.sel.uids)))
}

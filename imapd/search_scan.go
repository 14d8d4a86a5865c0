package imapd

import (
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
	row    *store.Row // nil while there is nothing but the view to go by
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
// what the view knows, then, for the messages that this leaves open, by rows,
// header and text. Nothing is locked meanwhile.
type scan struct {
	s     *session
	call  *call
	query *query
	cols  store.Columns
	c     candidate

	entries  []store.Entry // of the chunk
	seqs     []uint32
	verdicts []verdict
	spoke    time.Time // when the client last saw a sign of life
}

// scanChunk is how many messages are judged by the view at once.
const scanChunk = 4096

func newScan(s *session, c *call, q *query) *scan {
	sc := &scan{s: s, call: c, query: q, spoke: time.Now()}
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
	first := uint32(1)
	for uids := range slices.Chunk(sc.s.sel.uids, scanChunk) {
		sc.byView(first, uids)
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
	sc.seqs, sc.verdicts = sc.seqs[:0], sc.verdicts[:0]
	i := 0
	for _, e := range sc.entries {
		for uids[i] != e.UID {
			i++
		}
		seq := first + uint32(i)
		sc.seqs = append(sc.seqs, seq)
		sc.verdicts = append(sc.verdicts, sc.judge(seq, e, nil))
	}
}

func (sc *scan) judge(seq uint32, e store.Entry, row *store.Row) verdict {
	sc.c.seq, sc.c.entry, sc.c.row = seq, e, row
	sc.c.recent = sc.s.sel.isRecent(e.UID)
	return sc.query.key.match(&sc.c)
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
		sc.verdicts[i] = sc.judge(sc.seqs[i], sc.entries[i], row)
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

// alive ends the search when the connection has ended, and tells the client now
// and then how far it is.
func (sc *scan) alive(ctx context.Context, seq uint32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if time.Since(sc.spoke) < signOfLife {
		return nil
	}
	sc.spoke = time.Now()
	return sc.s.tellProgress(sc.call, uint64(seq), uint64(len(sc.s.sel.uids)))
}

package imapd

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// The cards of a mailbox are asked for when so many messages of it are open, a
// part in openPart: reading them takes longer than reading a few rows, once.
const (
	openFew  = 64
	openPart = 8
)

// byCards judges what is open by dates, sizes and ids.
func (sc *scan) byCards(ctx context.Context) error {
	if !sc.query.cards {
		return nil
	}
	if open := sc.countOpen(); sc.deck == nil && (open < openFew || open*openPart < len(sc.entries)) {
		return nil
	}
	var err error
	if sc.deck, err = sc.s.deck(ctx, sc); err != nil {
		return err
	}
	sc.rejudge()
	return nil
}

func (sc *scan) countOpen() (n int) {
	for _, v := range sc.verdicts {
		if v == undecided {
			n++
		}
	}
	return n
}

// deck returns the cards of the mailbox that a scan goes through.
func (s *session) deck(ctx context.Context, sc *scan) (*store.Deck, error) {
	return s.srv.cfg.Store.Deck(ctx, sc.sel.id, func(done int) error {
		return sc.alive(ctx, uint32(done))
	})
}

// byIndex judges what is open by the search index, as far as that goes.
func (sc *scan) byIndex(ctx context.Context) error {
	if len(sc.query.lookups) == 0 || !slices.Contains(sc.verdicts, undecided) {
		return nil
	}
	if !sc.asked {
		sc.asked = true
		var err error
		sc.sieve, err = sc.s.srv.cfg.Store.Sieve(ctx, sc.sel.id, sc.query.lookups)
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
		if sc.deck != nil {
			sc.c.card, _ = sc.deck.Find(0, uid)
		}
		sc.judge(i)
		return sc.alive(ctx, sc.seqs[i])
	})
	sc.c.card = nil
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

// byRows judges what is still open. A message that has gone meanwhile matches
// nothing.
func (sc *scan) byRows(ctx context.Context) error {
	open := sc.open()
	if len(open) == 0 {
		return nil
	}
	defer func() { sc.c.row = nil }()
	i := 0
	err := sc.s.srv.cfg.Store.Rows(ctx, sc.sel.id, open, sc.columns, func(row *store.Row) error {
		for i < len(sc.entries) && sc.entries[i].UID < row.UID {
			i++
		}
		if i == len(sc.entries) || sc.entries[i].UID != row.UID {
			return nil
		}
		sc.c.text.begin(ctx)
		if err := sc.s.completeHeader(ctx, sc.sel.id, row, sc.columns); err != nil {
			sc.c.text.complain(row, err)
		}
		sc.c.row = row
		sc.judge(i)
		if sc.verdicts[i] == hit && sc.firstOnly {
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

package imapd

import (
	"context"
	"errors"
	"slices"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// fetch answers FETCH and UID FETCH (RFC 9051 section 6.4.5).
//
// It goes through the messages in chunks: their flags from the view, their rows
// from the store, their bodies one by one, each copied straight into the
// answer. What is written never waits for more than one message, and nothing is
// locked meanwhile.
func fetch(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	set := d.NumSet()
	d.SP()
	items := parseItems(d)
	mods := s.parseFetchModifiers(d, c)
	if err := d.End(); err != nil {
		return err
	}
	uids, err := s.sel.resolve(set, c.uid)
	if err != nil {
		return err
	}
	uids, c.code = s.withinLimit(uids)
	items, err = s.prepareFetch(ctx, set, items, mods)
	if err != nil {
		return err
	}
	f := newFetcher(s, items, c.uid)
	f.since = mods.changedSince
	s.loads(f, uids)
	if err := s.sel.runs(mods.partial.among(s.sel, uids), func(first uint32, uids []imap.UID) error {
		return f.run(ctx, first, uids)
	}); err != nil {
		return err
	}
	return f.outcome(c.uid)
}

// A fetcher is one FETCH under way.
type fetcher struct {
	s     *session
	items []item
	cols  store.Columns
	rows  bool // the store's rows are needed
	body  bool // messages' bytes are needed
	seen  bool // \Seen is to be set
	flags bool // FLAGS was asked for

	begins bool // messages are read from their beginning, and not a part of them alone

	known bool // what is told of flags need not be told again

	since *store.ModSeq // only messages that changed later; nil: all

	names   flagTexts
	entries []store.Entry // of the chunk
	read    []imap.UID    // messages of the chunk that become \Seen
	chosen  []byte        // for HEADER.FIELDS

	showing imap.UID // the message that is being written
	gone    bool     // a message was expunged meanwhile
	failure error    // why a message could not be shown
}

func newFetcher(s *session, items []item, uid bool) *fetcher {
	if uid && !s.uidOnly && !hasItem(items, itemUID) {
		// RFC 9051 section 6.4.9: UID is implied.
		items = slices.Insert(items, 0, item{kind: itemUID, label: "UID"})
	}
	f := &fetcher{s: s, items: items, names: flagTexts{}}
	for i := range items {
		cols, row := items[i].columns()
		f.cols |= cols
		f.rows = f.rows || row
		f.body = f.body || items[i].body()
		f.seen = f.seen || items[i].seen && !s.sel.readOnly && s.rights().Has(store.KeepSeen)
		f.flags = f.flags || items[i].kind == itemFlags
	}
	// Who is to be told the modseq of each change has not been told it without.
	f.known = f.flags && (!s.condstore || hasItem(items, itemModSeq))
	if !slices.ContainsFunc(items, item.facts) {
		f.cols |= store.Bare
	}
	return f
}

// Sizes of a chunk: how many messages' flags are copied at once, and how many
// messages one transaction marks as \Seen.
const (
	fetchChunk = 4096
	seenChunk  = 256
)

// run answers for messages with consecutive numbers.
func (f *fetcher) run(ctx context.Context, first uint32, uids []imap.UID) error {
	size := fetchChunk
	if f.seen {
		size = seenChunk
	}
	for chunk := range slices.Chunk(uids, size) {
		f.look(chunk)
		var err error
		if f.rows {
			err = f.fromRows(ctx, first, chunk)
		} else {
			f.fromView(first, chunk)
			err = f.s.enc.Err()
		}
		if err != nil {
			return err
		}
		first += uint32(len(chunk))
	}
	return nil
}

// look gets the entries of a chunk.
func (f *fetcher) look(chunk []imap.UID) {
	view := f.s.sel.view
	if f.since != nil {
		f.entries = view.Changed(f.entries[:0], chunk, *f.since)
		return
	}
	f.entries = view.Entries(f.entries[:0], chunk)
	f.gone = f.gone || len(f.entries) < len(chunk)
}

// wanted is the set of the entries, which stand among the uids of a chunk.
func (f *fetcher) wanted(chunk []imap.UID) imap.UIDSet {
	if f.since == nil {
		return spanOf(chunk)
	}
	var set numbers
	for _, e := range f.entries {
		set.add(uint32(e.UID))
	}
	return set.uidSet()
}

// fromView answers for messages of which only view data is wanted. What it
// tells need not be told again.
func (f *fetcher) fromView(first uint32, uids []imap.UID) {
	i := 0
	for _, e := range f.entries {
		for uids[i] != e.UID {
			i++
		}
		f.s.beginFetch(first+uint32(i), e.UID)
		for k := range f.items {
			f.between(k)
			f.writeItem(&f.items[k], nil, e)
		}
		f.end()
		if f.known {
			f.s.sel.told(e)
		}
	}
}

// fromRows answers with rows, and bodies where they are wanted, and then sets
// \Seen: nobody should find a message read that never reached them.
func (f *fetcher) fromRows(ctx context.Context, first uint32, uids []imap.UID) error {
	f.read = f.read[:0]
	entries, i, shown := f.entries, 0, 0
	err := f.load(ctx, f.wanted(uids), func(l *loaded) error {
		for len(entries) > 0 && entries[0].UID < l.row.UID {
			entries = entries[1:]
		}
		if len(entries) == 0 || entries[0].UID != l.row.UID {
			return nil // not in the view any more
		}
		for uids[i] != l.row.UID {
			i++
		}
		shown++
		return f.fromRow(ctx, first+uint32(i), l, entries[0])
	})
	f.gone = f.gone || shown < len(f.entries)
	if markErr := f.markRead(ctx, first, uids); err == nil {
		err = markErr
	}
	return err
}

// fromRow writes one response. A message whose body cannot be read is left out;
// the tagged reply says so.
func (f *fetcher) fromRow(ctx context.Context, seq uint32, l *loaded, e store.Entry) error {
	row := &l.row
	f.showing = row.UID
	if err := f.s.completeHeader(ctx, f.s.sel.id, row, f.cols); err != nil {
		f.fail(err)
		return ctx.Err()
	}
	var m *mail
	if f.body {
		var err error
		if m, err = f.open(l); err != nil {
			f.fail(err)
			return ctx.Err()
		}
	}
	newlySeen := f.seen && e.Flags&store.Seen == 0
	if newlySeen {
		e.Flags |= store.Seen
	}
	f.s.beginFetch(seq, e.UID)
	if f.begins {
		f.s.loaded(row.UID, m.size)
	}
	for k := range f.items {
		f.between(k)
		f.writeAny(&f.items[k], row, m, e)
	}
	// Who knows of modseqs is told when there is one: with the next update.
	if newlySeen && !f.flags && !f.s.condstore {
		f.s.enc.Text(" FLAGS ")
		f.writeFlags(e)
	}
	f.end()
	if newlySeen && f.s.enc.Err() == nil {
		f.read = append(f.read, e.UID)
	}
	return f.s.enc.Err()
}

// markRead sets \Seen on what was read, and tells the client if that turns out
// different from what it was told.
func (f *fetcher) markRead(ctx context.Context, first uint32, uids []imap.UID) error {
	if len(f.read) == 0 {
		return nil
	}
	sel := f.s.sel
	change := store.FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}, By: f.s.account()}
	_, err := f.s.srv.cfg.Store.SetFlags(ctx, sel.id, imap.UIDSetNum(f.read...), change)
	before := f.entries
	for _, now := range sel.view.Entries(nil, f.read) {
		for before[0].UID < now.UID {
			before = before[1:]
		}
		switch {
		case now.Flags == before[0].Flags|store.Seen && !f.s.condstore:
			sel.told(now)
		case err != nil:
			i, _ := slices.BinarySearch(uids, now.UID)
			f.s.tellMessage(first+uint32(i), now)
		}
	}
	return err
}

// fail remembers why a message could not be shown.
func (f *fetcher) fail(err error) {
	var own *reply
	switch {
	case errors.Is(err, store.ErrNoMessage):
		f.gone = true
		return
	case !errors.As(err, &own):
		f.s.log.Error("message cannot be read", "uid", f.showing, "error", err)
		err = no(imap.ResponseCodeCorruption, "message with UID %d cannot be read", f.showing)
	}
	if f.failure == nil {
		f.failure = err
	}
}

// outcome is the reply once all was said that could be.
func (f *fetcher) outcome(uid bool) error {
	switch {
	case f.failure != nil:
		return f.failure
	case f.gone && !uid:
		return expungeIssued("")
	}
	return nil
}

package imapd

import (
	"context"
	"slices"
	"strconv"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// A live result is one whose changes the client is told (RFC 5267 section 4.3):
// ADDTO and REMOVEFROM come with the EXISTS, FETCH and EXPUNGE that cause them.
type liveResult struct {
	tag   string
	uid   bool
	box   *store.Mailbox // to be named in what is told; nil: not
	query *query

	// members are the messages in it, in its order: that of the mailbox, or
	// SORT's, which never changes for a message.
	members []imap.UID
}

// What a session may keep up to date. More is refused with NOUPDATE.
const (
	maxLive        = 16
	maxLiveMembers = 500_000 // of all live results of a session
)

// mayUpdate refuses a tag that names a live result already.
func (s *session) mayUpdate(c *call) error {
	for _, l := range s.sel.live {
		if l.tag == c.tag {
			return bad("the tag %s is in use by a result that is kept up to date", c.tag)
		}
	}
	return nil
}

// keepUpdating takes up a result, or says that it does not.
func (s *session) keepUpdating(c *call, q *query, found *result, box *store.Mailbox) {
	members := found.uids.count
	for _, l := range s.sel.live {
		members += len(l.members)
	}
	ranked := slices.ContainsFunc(q.order, func(c criterion) bool { return c.key == sortRelevancy })
	if len(s.sel.live) >= maxLive || members > maxLiveMembers || ranked {
		s.enc.Status("*", imap.StatusResponseTypeNo, wire.Code("NOUPDATE "+strconv.Quote(c.tag)), "too much to be kept up to date; cancel another, or ask without UPDATE")
		return
	}
	kept := *q
	kept.key = fixNumbers(q.key, s.sel)
	l := &liveResult{tag: c.tag, uid: c.uid || box != nil, box: box, query: &kept, members: found.order}
	if l.members == nil {
		l.members = make([]imap.UID, 0, found.uids.count)
		found.uids.walk(func(uid uint32) { l.members = append(l.members, imap.UID(uid)) })
	}
	s.sel.live = append(s.sel.live, l)
}

// fixNumbers makes uids of message numbers: they mean the messages that had them
// when the command came (RFC 5267 section 4.3).
func fixNumbers(key searchKey, sel *selected) searchKey {
	return eachKey(key, func(key searchKey) searchKey {
		k, ok := key.(numberKey)
		if !ok {
			return key
		}
		var uids imap.UIDSet
		for _, r := range k.set {
			if last := min(r.Stop, uint32(len(sel.uids))); r.Start <= last {
				uids = append(uids, imap.UIDRange{Start: sel.uidOf(r.Start), Stop: sel.uidOf(last)})
			}
		}
		return uidKey{uids}
	})
}

// cancelUpdate runs CANCELUPDATE (RFC 5267 section 4.3.5). A tag that names no
// live result is one whose result has ended already.
func cancelUpdate(_ context.Context, s *session, d *wire.Decoder, _ *call) error {
	var tags []string
	for {
		d.SP()
		if tags = append(tags, d.AString()); d.AtEnd() {
			break
		}
	}
	if err := d.End(); err != nil {
		return err
	}
	s.sel.live = slices.DeleteFunc(s.sel.live, func(l *liveResult) bool { return slices.Contains(tags, l.tag) })
	return nil
}

// tellLeaving tells which messages leave live results since they are about to be
// reported as expunged: their numbers still count (RFC 5267 section 4.3.4).
func (s *session) tellLeaving(gone imap.UIDSet) {
	for _, l := range s.sel.live {
		s.removeFrom(l, func(uid imap.UID) bool { return containsUID(gone, uid) })
	}
}

// tellLive judges the messages that have changed or arrived since the client was
// told last, and tells what that does to live results.
func (s *session) tellLive() {
	sel := s.sel
	if len(sel.live) == 0 {
		return
	}
	var changed []imap.UID
	for _, e := range sel.view.Changed(nil, sel.uids, sel.modseq) {
		changed = append(changed, e.UID)
	}
	if len(changed) == 0 {
		return
	}
	for _, l := range sel.live {
		if err := s.refresh(l, changed); err != nil {
			s.log.Error("a search result was not kept up to date", "error", err)
		}
	}
}

// refresh brings a live result up to date with messages that have changed. What
// is told has been decided by then, so that it is not for the client to break it
// off.
func (s *session) refresh(l *liveResult, changed []imap.UID) error {
	ctx := context.Background()
	sc := newScan(s, s.sel, &call{tag: l.tag, name: "SEARCH"}, l.query)
	found, err := sc.run(ctx, changed)
	if err != nil {
		return err
	}
	matching := found.uids.uidSet()
	s.removeFrom(l, func(uid imap.UID) bool {
		_, judged := slices.BinarySearch(changed, uid)
		return judged && !containsUID(matching, uid)
	})
	present := make(map[imap.UID]bool, len(l.members))
	for _, uid := range l.members {
		present[uid] = true
	}
	var joining []imap.UID
	found.uids.walk(func(uid uint32) {
		if !present[imap.UID(uid)] {
			joining = append(joining, imap.UID(uid))
		}
	})
	if len(joining) == 0 {
		return nil
	}
	if l.query.order != nil {
		return s.addInOrder(ctx, l, sc, joining)
	}
	l.members = slices.Sorted(slices.Values(append(l.members, joining...)))
	s.beginESearch(l.tag, l.uid, l.box)
	s.enc.Text(" ADDTO (0 ")
	s.enc.Bytes(append(s.numbersOf(l, joining).appendTo(nil), ")\r\n"...))
	return nil
}

// numbersOf are uids as the client knows them: ascending ones in the order of
// the mailbox, or any.
func (s *session) numbersOf(l *liveResult, uids []imap.UID) *numberList {
	list := &numberList{ordered: true}
	for _, uid := range uids {
		n := uint32(uid)
		if !l.uid {
			n = s.sel.seqOf(uid)
		}
		list.sorted = append(list.sorted, n)
	}
	return list
}

// removeFrom takes messages out of a live result and tells so. Places count from
// 1; the last ones go first, so that they do not move the others.
func (s *session) removeFrom(l *liveResult, leaves func(imap.UID) bool) {
	var left []imap.UID
	var pairs []byte
	for end := len(l.members); end > 0; {
		if !leaves(l.members[end-1]) {
			end--
			continue
		}
		first := end - 1
		for first > 0 && leaves(l.members[first-1]) {
			first--
		}
		if run := l.members[first:end]; l.query.order == nil {
			left = append(slices.Clone(run), left...)
		} else {
			pairs = append(strconv.AppendInt(append(pairs, ' '), int64(first)+1, 10), ' ')
			pairs = s.numbersOf(l, run).appendTo(pairs)
		}
		l.members = slices.Delete(slices.Clone(l.members), first, end)
		end = first
	}
	if len(left) > 0 {
		pairs = s.numbersOf(l, left).appendTo([]byte(" 0 "))
	}
	if len(pairs) > 0 {
		s.beginESearch(l.tag, l.uid, l.box)
		s.enc.Text(" REMOVEFROM (")
		s.enc.Bytes(append(pairs[1:], ")\r\n"...))
	}
}

// addInOrder puts messages where they belong in a sorted result.
func (s *session) addInOrder(ctx context.Context, l *liveResult, sc *scan, joining []imap.UID) error {
	deck, err := s.deck(ctx, sc)
	if err != nil {
		return err
	}
	order := newOrder(l.query.order, deck)
	sortableOf := func(uid imap.UID) sortable {
		m := sortable{uid: uid}
		if m.card, _ = deck.Find(0, uid); m.card != nil {
			order.weigh(&m)
		}
		return m
	}
	var pairs []byte
	for _, uid := range joining {
		m := sortableOf(uid)
		if m.card == nil {
			continue // it has gone meanwhile
		}
		at, _ := slices.BinarySearchFunc(l.members, m, func(other imap.UID, m sortable) int {
			o := sortableOf(other)
			if o.card == nil {
				return -1
			}
			return order.compare(o, m)
		})
		l.members = slices.Insert(slices.Clone(l.members), at, uid)
		pairs = append(strconv.AppendInt(append(pairs, ' '), int64(at)+1, 10), ' ')
		pairs = s.numbersOf(l, []imap.UID{uid}).appendTo(pairs)
	}
	if len(pairs) > 0 {
		s.beginESearch(l.tag, l.uid, l.box)
		s.enc.Text(" ADDTO (")
		s.enc.Bytes(append(pairs[1:], ")\r\n"...))
	}
	return nil
}

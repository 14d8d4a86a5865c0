package imapd

import (
	"context"
	"slices"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// fetchModifiers are the modifiers of FETCH (RFC 4466 section 2.4).
type fetchModifiers struct {
	changedSince *store.ModSeq // RFC 7162 section 3.1.4.1; nil: without
	vanished     bool          // section 3.2.6
	partial      *partialRange // RFC 9394 section 3.3; nil: without
}

// parseFetchModifiers reads them, if there are any, with the space before.
func (s *session) parseFetchModifiers(d *wire.Decoder, c *call) fetchModifiers {
	var mods fetchModifiers
	if !d.Accept(' ') {
		return mods
	}
	d.List(func() {
		switch d.Keyword() {
		case "CHANGEDSINCE":
			d.SP()
			since := store.ModSeq(d.Number64()) // 0 is none, and clients send it
			mods.changedSince = &since
		case "VANISHED":
			mods.vanished = true
		case "PARTIAL":
			d.SP()
			mods.partial = parsePartialRange(d)
		default:
			d.Fail("a known modifier of FETCH")
		}
	})
	switch {
	case mods.partial != nil && !c.uid:
		d.Fail("UID FETCH for PARTIAL")
	case mods.vanished && !c.uid:
		d.Fail("UID FETCH for VANISHED")
	case mods.vanished && mods.changedSince == nil:
		d.Fail("CHANGEDSINCE with VANISHED")
	case mods.vanished && !s.qresync:
		d.Fail("ENABLE QRESYNC before VANISHED")
	}
	return mods
}

// prepareFetch does what the modifiers ask for before the first FETCH response,
// and returns the items with those that are implied.
func (s *session) prepareFetch(ctx context.Context, set wire.NumSet, items []item, mods fetchModifiers) ([]item, error) {
	if mods.changedSince != nil && !hasItem(items, itemModSeq) {
		items = append(items, item{kind: itemModSeq, label: "MODSEQ"})
	}
	if hasItem(items, itemModSeq) {
		s.condstoreAware()
	}
	if !mods.vanished {
		return items, nil
	}
	uids := slices.Clone(s.sel.saved)
	if !set.Saved {
		// "*" is not the last message: what came behind it may have vanished.
		uids = set.UIDs(s.sel.uidNext() - 1)
	}
	return items, s.tellEarlier(ctx, uids, *mods.changedSince, 0)
}

func hasItem(items []item, kind itemKind) bool {
	return slices.ContainsFunc(items, func(it item) bool { return it.kind == kind })
}

// among picks the messages of a set that PARTIAL asks for: those at its places
// among the messages that there are.
func (p *partialRange) among(sel *selected, set imap.UIDSet) imap.UIDSet {
	if p == nil {
		return set
	}
	var all numbers
	_ = sel.runs(set, func(_ uint32, uids []imap.UID) error {
		for _, uid := range uids {
			all.add(uint32(uid))
		}
		return nil
	})
	some := all.cut(p.places(all.count))
	return some.uidSet()
}

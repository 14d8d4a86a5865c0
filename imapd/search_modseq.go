package imapd

import (
	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// modseqKey wants messages that changed with this modseq or later (RFC 7162
// section 3.1.5).
type modseqKey struct{ from store.ModSeq }

func (k modseqKey) match(c *candidate) verdict { return verdictOf(c.entry.ModSeq >= k.from) }
func (modseqKey) cost() cost                   { return ofView }

// readModSeqKey reads the key behind its name. The flag that it may name makes
// no difference: flags have no modseqs of their own, and then the name "MUST be
// ignored".
func readModSeqKey(d *wire.Decoder) searchKey {
	d.SP()
	if d.Peek() == '"' {
		_ = d.String()
		d.SP()
		switch d.Keyword() {
		case "SHARED", "PRIV", "ALL":
		default:
			d.Fail("shared, priv or all")
		}
		d.SP()
	}
	return modseqKey{store.ModSeq(d.Number64())}
}

// searchModSeq is what the response to a query about modseqs has to say of those
// found: the highest modseq of the messages that it names, or of all, when it
// counts or lists them (RFC 4731 section 3.2); else 0.
func (s *session) searchModSeq(q *query, found *result) store.ModSeq {
	if q.modseq {
		s.condstoreAware()
	}
	return s.modSeqIn(s.sel, q, found)
}

// modSeqIn is searchModSeq for any mailbox.
func (s *session) modSeqIn(sel *selected, q *query, found *result) (highest store.ModSeq) {
	if !q.modseq {
		return 0
	}
	uids := found.list(true)
	_ = sel.runs(q.returns.toSave(&uids).uidSet(), func(_ uint32, uids []imap.UID) error {
		for _, e := range sel.view.Entries(nil, uids) {
			highest = max(highest, e.ModSeq)
		}
		return nil
	})
	return highest
}

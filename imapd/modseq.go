package imapd

import (
	"strconv"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// Modification sequences (RFC 7162, CONDSTORE). A client that has used any
// command of the extension is told the modseq of every change from then on; see
// condstoreAware. What it may take for the highest one that it has seen is said
// here.

// condstoreAware notes a CONDSTORE enabling command (RFC 7162 section 3.1). The
// first one, with a mailbox selected, is answered with HIGHESTMODSEQ: by
// tellHighest, once what has changed meanwhile was told.
func (s *session) condstoreAware() {
	if !s.condstore && s.sel != nil {
		s.sel.announce = true
	}
	s.condstore = true
}

// tellHighest tells a client that knows of modseqs up to where it has been told
// everything, when it could not know: after expunges, and when it was shown a
// modseq while an expunge below it is held back, or has just happened (RFC 7162
// section 3.2 and the example in section 6). The tagged reply carries it if it
// can.
func (s *session) tellHighest(r *reply) {
	sel := s.sel
	if sel == nil || !s.condstore {
		return
	}
	late := s.isLate()
	switch {
	case !late && !sel.vanished && !sel.announce:
		return
	case r.kind == imap.StatusResponseTypeOK && r.code == "" && !sel.announce:
		r.code = highestModSeq(sel.settled)
	default:
		s.enc.Status("*", imap.StatusResponseTypeOK, highestModSeq(sel.settled), "all up to here was told")
	}
	sel.vanished, sel.announce = false, false
}

// isLate reports whether the client was shown a modseq above one of which it
// will be told later.
func (s *session) isLate() bool { return s.sel != nil && s.qresync && s.sel.settled < s.sel.shown }

func highestModSeq(n store.ModSeq) wire.Code {
	return wire.Code("HIGHESTMODSEQ " + strconv.FormatUint(uint64(n), 10))
}

// writeModSeq writes the MODSEQ item of FETCH.
func (s *session) writeModSeq(e store.Entry) {
	s.sel.shown = max(s.sel.shown, e.ModSeq)
	s.enc.Text("MODSEQ (")
	s.enc.Number(uint64(e.ModSeq))
	s.enc.Text(")")
}

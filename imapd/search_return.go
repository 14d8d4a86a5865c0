package imapd

import (
	"letterbox/imapd/wire"
	"letterbox/store"
)

// searchReturn says what SEARCH is to give back (RFC 4731, RFC 5182; RFC 9051
// section 6.4.4).
type searchReturn struct {
	extended             bool // ESEARCH rather than SEARCH
	min, max, all, count bool
	save                 bool
}

// parseReturn reads the options of RETURN; d stands behind the word.
func parseReturn(d *wire.Decoder) searchReturn {
	r := searchReturn{extended: true}
	d.SP()
	d.List(func() {
		switch d.Keyword() {
		case "MIN":
			r.min = true
		case "MAX":
			r.max = true
		case "ALL":
			r.all = true
		case "COUNT":
			r.count = true
		case "SAVE":
			r.save = true
		default:
			d.Fail("MIN, MAX, ALL, COUNT or SAVE")
		}
	})
	if !r.min && !r.max && !r.count && !r.save {
		r.all = true // RFC 4731 section 3.1: () is (ALL)
	}
	return r
}

// silent reports whether nothing is to be written: SAVE alone.
func (r searchReturn) silent() bool { return r.save && !r.min && !r.max && !r.all && !r.count }

// firstOnly reports whether the search may stop at the first message found.
func (r searchReturn) firstOnly() bool { return r.min && !r.max && !r.all && !r.count }

// toSave picks what "$" will stand for: with MIN or MAX, and neither ALL nor
// COUNT, those messages alone (RFC 9051 section 6.4.4.1).
func (r searchReturn) toSave(uids *numbers) *numbers {
	if uids.count == 0 || r.all || r.count || !r.min && !r.max {
		return uids
	}
	picked := &numbers{}
	if r.min {
		picked.add(uids.min())
	}
	if r.max && (!r.min || uids.count > 1) {
		picked.add(uids.max())
	}
	return picked
}

// writeSearch writes the SEARCH or ESEARCH response, with a modseq unless it is
// 0.
func (s *session) writeSearch(c *call, r searchReturn, found *numbers, modseq store.ModSeq) {
	switch {
	case r.silent():
	case r.extended:
		s.writeESearch(c, r, found, modseq)
	default:
		s.enc.Text("* SEARCH")
		for _, run := range found.ranges {
			for n := run.first; ; n++ {
				s.enc.SP()
				s.enc.Number(uint64(n))
				if n == run.last {
					break
				}
			}
		}
		if modseq > 0 {
			s.enc.Text(" (MODSEQ ")
			s.enc.Number(uint64(modseq))
			s.enc.Text(")")
		}
		s.enc.CRLF()
	}
}

func (s *session) writeESearch(c *call, r searchReturn, found *numbers, modseq store.ModSeq) {
	s.enc.Text(`* ESEARCH (TAG "` + c.tag + `")`)
	if c.uid {
		s.enc.Text(" UID")
	}
	number := func(name string, n uint32) {
		s.enc.Text(name)
		s.enc.Number(uint64(n))
	}
	if found.count > 0 { // RFC 4731 section 3.1: none of these without a match
		if r.min {
			number(" MIN ", found.min())
		}
		if r.max {
			number(" MAX ", found.max())
		}
		if r.all {
			s.enc.Text(" ALL ")
			s.enc.Bytes(found.appendTo(nil))
		}
	}
	if r.count {
		number(" COUNT ", uint32(found.count))
	}
	if modseq > 0 {
		s.enc.Text(" MODSEQ ")
		s.enc.Number(uint64(modseq))
	}
	s.enc.CRLF()
}

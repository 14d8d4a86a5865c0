package imapd

import (
	"strconv"
	"strings"

	"letterbox/imapd/wire"
	"letterbox/store"
)

// searchReturn says what SEARCH and SORT are to give back (RFC 4731, RFC 5182,
// RFC 5267, RFC 6203, RFC 9394; RFC 9051 section 6.4.4).
type searchReturn struct {
	extended             bool // ESEARCH rather than SEARCH or SORT
	min, max, all, count bool
	save                 bool
	partial              *partialRange // nil: not asked for
	relevancy            bool
	update               bool // tell changes of the result later
}

// parseReturn reads the options of RETURN; d stands behind the word.
func parseReturn(d *wire.Decoder) searchReturn {
	r := searchReturn{extended: true}
	none := true
	d.SP()
	d.List(func() {
		none = false
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
		case "PARTIAL":
			if r.partial != nil {
				d.Fail("one PARTIAL")
			}
			d.SP()
			r.partial = parsePartialRange(d)
		case "RELEVANCY":
			r.relevancy = true
		case "UPDATE":
			r.update = true
		case "CONTEXT": // a hint: the catalogs and the search index serve any search
		default:
			d.Fail("MIN, MAX, ALL, COUNT, SAVE, PARTIAL, RELEVANCY, UPDATE or CONTEXT")
		}
	})
	if r.all && r.partial != nil {
		d.Fail("ALL or PARTIAL, not both") // RFC 5267 section 4.4
	}
	r.all = r.all || none // RFC 4731 section 3.1: () is (ALL)
	return r
}

// silent reports whether nothing is to be written: SAVE alone.
func (r searchReturn) silent() bool {
	return r.save && !r.min && !r.max && !r.all && !r.count && r.partial == nil && !r.relevancy && !r.update
}

// firstOnly reports whether the search may stop at the first message found.
func (r searchReturn) firstOnly() bool {
	return r.min && !r.max && !r.all && !r.count && r.partial == nil && !r.relevancy && !r.update
}

// toSave picks what "$" will stand for, as uids: with MIN, MAX or PARTIAL, and
// neither ALL nor COUNT, those messages alone (RFC 9051 section 6.4.4.1, RFC 9394
// section 3.2).
func (r searchReturn) toSave(found *numberList) *numbers {
	n := found.count()
	if n == 0 || r.all || r.count || !r.min && !r.max && r.partial == nil {
		return found.set()
	}
	picked := numberList{ordered: true}
	pick := func(l numberList) { l.walk(func(uid uint32) { picked.sorted = append(picked.sorted, uid) }) }
	if r.min {
		pick(found.cut(0, 1))
	}
	if r.max && (!r.min || n > 1) {
		pick(found.cut(n-1, n))
	}
	if r.partial != nil {
		pick(found.cut(r.partial.places(n)))
	}
	return picked.set()
}

// A partialRange is of places in a result, from 1; below 0 they count from its
// end (RFC 9394).
type partialRange struct {
	first, last int64
	text        string // as it was asked for
}

func parsePartialRange(d *wire.Decoder) *partialRange {
	p := &partialRange{}
	first := parsePlace(d)
	d.Expect(':')
	last := parsePlace(d)
	if (first < 0) != (last < 0) {
		d.Fail("two places from the same end")
	}
	p.text = strconv.FormatInt(first, 10) + ":" + strconv.FormatInt(last, 10)
	p.first, p.last = min(first, last), max(first, last)
	return p
}

func parsePlace(d *wire.Decoder) int64 {
	sign := int64(1)
	if d.Accept('-') {
		sign = -1
	}
	n := d.Number()
	if n == 0 {
		d.Fail("a place above zero")
	}
	return sign * int64(n)
}

// places are those of the range in a result of n: from one on and before
// another, counted from 0.
func (p *partialRange) places(n int) (from, to int) {
	first, last := p.first, p.last
	if first < 0 {
		first, last = int64(n)+first+1, int64(n)+last+1
	}
	from = int(min(max(first-1, 0), int64(n)))
	return from, max(int(min(max(last, 0), int64(n))), from)
}

// writeSearch writes the SEARCH, SORT or ESEARCH response, with a modseq unless
// it is 0.
func (s *session) writeSearch(c *call, r searchReturn, found *result, modseq store.ModSeq) {
	switch {
	case r.silent():
	case r.extended:
		s.writeESearch(c, r, found, modseq)
	default:
		s.enc.Text("* " + c.name)
		list := found.list(c.uid)
		list.walk(func(n uint32) {
			s.enc.SP()
			s.enc.Number(uint64(n))
		})
		if modseq > 0 {
			s.enc.Text(" (MODSEQ ")
			s.enc.Number(uint64(modseq))
			s.enc.Text(")")
		}
		s.enc.CRLF()
	}
}

// beginESearch writes an ESEARCH response up to its data; the mailbox is named if
// it is given.
func (s *session) beginESearch(tag string, uid bool, box *store.Mailbox) {
	s.enc.Text(`* ESEARCH (TAG "` + tag + `"`)
	if box != nil { // RFC 7377 section 2.1
		s.enc.Text(" MAILBOX ")
		s.enc.Mailbox(box.Name)
		s.enc.Text(" UIDVALIDITY ")
		s.enc.Number(uint64(box.UIDValidity))
	}
	s.enc.Text(")")
	if uid {
		s.enc.Text(" UID")
	}
}

func (s *session) writeESearch(c *call, r searchReturn, found *result, modseq store.ModSeq) {
	s.beginESearch(c.tag, c.uid, nil)
	s.writeESearchData(r, found, c.uid, modseq)
}

// writeESearchData writes the data of an ESEARCH response.
func (s *session) writeESearchData(r searchReturn, found *result, uid bool, modseq store.ModSeq) {
	list := found.list(uid)
	n := list.count()
	number := func(name string, n uint32) {
		s.enc.Text(name)
		s.enc.Number(uint64(n))
	}
	if n > 0 { // RFC 4731 section 3.1: none of these without a match
		if r.min {
			number(" MIN ", list.first())
		}
		if r.max {
			number(" MAX ", list.last())
		}
		if r.all {
			s.enc.Text(" ALL ")
			s.enc.Bytes(list.appendTo(nil))
		}
	}
	from, to := 0, n
	if r.partial != nil {
		from, to = r.partial.places(n)
		s.writePartial(r.partial, list.cut(from, to))
	}
	if r.count {
		number(" COUNT ", uint32(n))
	}
	if r.relevancy {
		s.writeScores(found.scoresInOrder()[from:to])
	}
	if modseq > 0 {
		s.enc.Text(" MODSEQ ")
		s.enc.Number(uint64(modseq))
	}
	s.enc.CRLF()
}

// writePartial writes the PARTIAL data: NIL stands for no results.
func (s *session) writePartial(p *partialRange, list numberList) {
	s.enc.Text(" PARTIAL (" + p.text + " ")
	if list.count() == 0 {
		s.enc.Text("NIL)")
		return
	}
	s.enc.Bytes(append(list.appendTo(nil), ')'))
}

// writeScores writes the RELEVANCY data (RFC 6203 section 4).
func (s *session) writeScores(scores []uint8) {
	texts := make([]string, len(scores))
	for i, score := range scores {
		texts[i] = strconv.Itoa(int(score))
	}
	s.enc.Text(" RELEVANCY (" + strings.Join(texts, " ") + ")")
}

package imapd

import (
	"math"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/message"
	"letterbox/store"
)

// A searchParser reads search keys. What they say about numbers and keywords is
// resolved at once.
type searchParser struct {
	d   *wire.Decoder
	now time.Time

	// The mailbox as the client knows it.
	messages uint32
	lastUID  imap.UID
	saved    imap.UIDSet
	bits     func([]imap.Flag) (store.Flags, bool)

	// late: what depends on the mailbox is resolved later, for several of them.
	late bool

	decode  func(string) (string, error) // from the command's charset to UTF-8
	foreign bool                         // that is neither US-ASCII nor UTF-8
	refusal error                        // what is wrong with the charset, a string in it, or a filter

	needles  needles // what the textKeys look for
	lookups  lookups // what the search index is asked
	cards    bool    // there is a key about what cards say
	fuzzy    bool    // there is a FUZZY key
	slack    bool    // the key that is being read is FUZZY
	modseq   bool    // there is a modseqKey
	byNumber bool    // there is a numberKey
	filters  func(name string) (string, error)
	within   []string // filters whose text is being read
	next     string   // a word that was read and is still to be understood
	depth    int
}

// maxKeyDepth bounds the nesting of keys: NOT and OR need no parentheses.
const maxKeyDepth = 1000

// keys reads one or more keys, all of which must match.
func (p *searchParser) keys() searchKey {
	var keys []searchKey
	for {
		keys = append(keys, p.key())
		if !p.d.Accept(' ') {
			return newAnd(keys)
		}
	}
}

func (p *searchParser) key() searchKey {
	if p.depth++; p.depth > maxKeyDepth {
		p.d.Fail("fewer search keys within each other")
	}
	defer func() { p.depth-- }()
	switch b := p.d.Peek(); {
	case p.next != "":
	case b == '(':
		p.d.Open()
		key := p.keys()
		p.d.Close()
		return key
	case b == '$', b == '*', isDigit(b):
		return p.numbers(p.d.NumSet(), false)
	}
	name := p.take()
	for _, group := range []func(*searchParser, string) searchKey{
		(*searchParser).flag, (*searchParser).date, (*searchParser).text, (*searchParser).other,
	} {
		if key := group(p, name); key != nil {
			return key
		}
	}
	p.d.Fail("a search key such as UNSEEN or FROM")
	return allKey{}
}

// word takes the next word if it is the given one.
func (p *searchParser) word(name string) bool {
	if b := p.d.Peek(); p.next == "" && b != '(' && b != '$' && b != '*' && !isDigit(b) {
		p.next = p.d.Keyword()
	}
	if p.next != name {
		return false
	}
	p.next = ""
	return true
}

func (p *searchParser) take() string {
	name := p.next
	if p.next = ""; name == "" {
		name = p.d.Keyword()
	}
	return name
}

// flag reads the keys about flags.
func (p *searchParser) flag(name string) searchKey {
	switch name {
	case "RECENT":
		return recentKey{}
	case "OLD":
		return notKey{recentKey{}}
	case "NEW":
		return andKey{recentKey{}, flagKey{store.Seen, false}}
	}
	name, un := strings.CutPrefix(name, "UN")
	switch name {
	case "ANSWERED":
		return flagKey{store.Answered, !un}
	case "DELETED":
		return flagKey{store.Deleted, !un}
	case "DRAFT":
		return flagKey{store.Draft, !un}
	case "FLAGGED":
		return flagKey{store.Flagged, !un}
	case "SEEN":
		return flagKey{store.Seen, !un}
	case "KEYWORD":
		p.d.SP()
		return p.keyword(p.d.Flag(), !un)
	}
	return nil
}

// keyword is a key about a keyword. One that is not known is nowhere set.
func (p *searchParser) keyword(name imap.Flag, set bool) searchKey {
	if p.late {
		return lateKey{func(sel *selected) searchKey {
			bits, _ := sel.view.Bits([]imap.Flag{name})
			return flagKey{bits, set}
		}}
	}
	bits, _ := p.bits([]imap.Flag{name})
	return flagKey{bits, set}
}

// numbers is a key about messages' numbers or uids.
func (p *searchParser) numbers(set wire.NumSet, uid bool) searchKey {
	p.byNumber = p.byNumber || !uid && !set.Saved
	if p.late {
		return lateKey{func(sel *selected) searchKey {
			return numbersKey(set, uid, uint32(len(sel.uids)), sel.lastUID(), sel.saved)
		}}
	}
	return numbersKey(set, uid, p.messages, p.lastUID, p.saved)
}

func numbersKey(set wire.NumSet, uid bool, messages uint32, lastUID imap.UID, saved imap.UIDSet) searchKey {
	switch {
	case set.Saved:
		return uidKey{saved}
	case uid:
		return uidKey{set.UIDs(lastUID)}
	}
	return numberKey{set.Seqs(messages)}
}

// date reads the keys about dates.
func (p *searchParser) date(name string) searchKey {
	source := received
	switch {
	case name == "OLDER" || name == "YOUNGER":
		p.d.SP()
		age := time.Duration(p.d.Number()) * time.Second
		p.cards = true
		return ageKey{p.now.Add(-age), name == "OLDER"}
	case strings.HasPrefix(name, "SENT"):
		source, name = sent, name[len("SENT"):]
	case strings.HasPrefix(name, "SAVED"):
		source, name = saved, name[len("SAVED"):]
	}
	switch name {
	case "BEFORE":
		return dateKey{source, time.Time{}, p.day()}
	case "ON":
		day := p.day()
		return dateKey{source, day, day.AddDate(0, 0, 1)}
	case "SINCE":
		return dateKey{source, p.day(), time.Time{}}
	}
	return nil
}

func (p *searchParser) day() time.Time {
	p.cards = true
	p.d.SP()
	return p.d.Date()
}

// text reads the keys about what is written in a message.
func (p *searchParser) text(name string) searchKey {
	switch name {
	case "BCC", "CC", "FROM", "SUBJECT", "TO":
		return p.field(name)
	case "HEADER":
		p.d.SP()
		return p.field(p.d.AString())
	case "BODY", "TEXT":
		in := wholeText
		if name == "BODY" {
			in = bodyText
		}
		needle := p.needle()
		if p.slack {
			pattern := newPattern(needle)
			return fuzzyText{in, pattern, p.lookups.addFuzzy(pattern, lookupScope[in])}
		}
		p.needles[in] = append(p.needles[in], needle)
		return textKey{in, len(p.needles[in]) - 1, p.lookups.add(needle, lookupScope[in])}
	}
	return nil
}

// field reads what a header field is to contain.
func (p *searchParser) field(name string) searchKey {
	needle := p.needle()
	if p.slack {
		return fuzzyField{fieldKey{name: name, usual: message.IsUsualField(name)}, newPattern(needle)}
	}
	return fieldKey{name, message.IsUsualField(name), needle, p.lookups.add(needle, store.HeaderText)}
}

// needle reads a string and folds it.
func (p *searchParser) needle() []byte {
	p.d.SP()
	s, err := p.decode(p.d.AString())
	if p.refusal == nil {
		p.refusal = err
	}
	return message.AppendFold(nil, []byte(s))
}

// fuzzyKey reads what is to be matched with slips.
func (p *searchParser) fuzzyKey() searchKey {
	outer := p.slack
	p.fuzzy, p.slack = true, true
	p.d.SP()
	key := p.key()
	p.slack = outer
	return key
}

// other reads what is left.
func (p *searchParser) other(name string) searchKey {
	switch name {
	case "ALL", "SAVEDATESUPPORTED": // RFC 8514 section 4.3: of all mailboxes
		return allKey{}
	case "FUZZY":
		return p.fuzzyKey()
	case "FILTER":
		return p.filter()
	case "NOT":
		p.d.SP()
		return notKey{p.key()}
	case "OR":
		p.d.SP()
		first := p.key()
		p.d.SP()
		return newOr(first, p.key())
	case "UID":
		p.d.SP()
		return p.numbers(p.d.NumSet(), true)
	case "LARGER":
		p.d.SP()
		p.cards = true
		return sizeKey{int64(p.d.Number64()), math.MaxInt64}
	case "SMALLER":
		p.d.SP()
		p.cards = true
		return sizeKey{-1, int64(p.d.Number64())}
	case "MODSEQ":
		p.modseq = true
		return readModSeqKey(p.d)
	case "EMAILID":
		p.d.SP()
		p.cards = true
		return idKey{false, parseObjectID(emailPrefix, p.d.AString())}
	case "THREADID":
		p.d.SP()
		p.cards = true
		return idKey{true, parseObjectID(threadPrefix, p.d.AString())}
	}
	return nil
}

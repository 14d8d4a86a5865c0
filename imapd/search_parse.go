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

	decode       func(string) (string, error) // from the command's charset to UTF-8
	charsetError error                        // what is wrong with it or with a string in it

	needles  needles // what the textKeys look for
	lookups  lookups // what the search index is asked
	modseq   bool    // there is a modseqKey
	byNumber bool    // there is a numberKey
	next     string  // a word that was read and is still to be understood
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
	case b == '$':
		p.d.NumSet()
		return uidKey{p.saved}
	case b == '*' || isDigit(b):
		p.byNumber = true
		return numberKey{p.d.NumSet().Seqs(p.messages)}
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
		bits, _ := p.bits([]imap.Flag{p.d.Flag()})
		return flagKey{bits, !un} // a keyword that is not known is nowhere set
	}
	return nil
}

// date reads the keys about dates.
func (p *searchParser) date(name string) searchKey {
	source := received
	switch {
	case name == "OLDER" || name == "YOUNGER":
		p.d.SP()
		age := time.Duration(p.d.Number()) * time.Second
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
		p.needles[in] = append(p.needles[in], needle)
		return textKey{in, len(p.needles[in]) - 1, p.lookups.add(needle, lookupScope[in])}
	}
	return nil
}

// field reads what a header field is to contain.
func (p *searchParser) field(name string) searchKey {
	needle := p.needle()
	return fieldKey{name, message.IsUsualField(name), needle, p.lookups.add(needle, store.HeaderText)}
}

// needle reads a string and folds it.
func (p *searchParser) needle() []byte {
	p.d.SP()
	s, err := p.decode(p.d.AString())
	if p.charsetError == nil {
		p.charsetError = err
	}
	return message.AppendFold(nil, []byte(s))
}

// other reads what is left.
func (p *searchParser) other(name string) searchKey {
	switch name {
	case "ALL", "SAVEDATESUPPORTED": // RFC 8514 section 4.3: of all mailboxes
		return allKey{}
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
		set := p.d.NumSet()
		if set.Saved {
			return uidKey{p.saved}
		}
		return uidKey{set.UIDs(p.lastUID)}
	case "LARGER":
		p.d.SP()
		return sizeKey{int64(p.d.Number64()), math.MaxInt64}
	case "SMALLER":
		p.d.SP()
		return sizeKey{-1, int64(p.d.Number64())}
	case "MODSEQ":
		p.modseq = true
		return readModSeqKey(p.d)
	case "EMAILID":
		p.d.SP()
		return idKey{false, parseObjectID(emailPrefix, p.d.AString())}
	case "THREADID":
		p.d.SP()
		return idKey{true, parseObjectID(threadPrefix, p.d.AString())}
	}
	return nil
}

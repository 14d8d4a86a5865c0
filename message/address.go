package message

import (
	"bytes"
)

// An Address is a mailbox of RFC 5322 section 3.4, decoded.
type Address struct {
	Name   string // UTF-8
	Local  string
	Domain string
}

// rawAddress is one of the entries of an address list as ENVELOPE tells them:
// quoting removed, encoded words kept.
type rawAddress struct {
	name, route, local, domain []byte
	group                      groupMark
}

type groupMark uint8

const (
	noGroup    groupMark = iota
	groupStart           // local is the group's name
	groupEnd
)

// maxAddresses of a field are told.
const maxAddresses = 5000

// parseAddresses reads an address list. Anything reads as something: what is no
// address becomes the local part of one without a domain.
func parseAddresses(value []byte) []rawAddress {
	p := addressParser{rest: value}
	for len(p.rest) > 0 && len(p.list) < maxAddresses {
		p.step()
	}
	p.finish()
	if p.inGroup {
		p.list = append(p.list, rawAddress{group: groupEnd})
	}
	return p.list
}

// addressParser gathers the words of one address until something ends it.
type addressParser struct {
	rest    []byte
	list    []rawAddress
	inGroup bool

	phrase  []byte // words seen, quoting removed
	at      int    // in phrase: offset of the last "@" that is not quoted, -1
	space   bool   // white space stands before the next word
	comment []byte
	angle   *rawAddress // <...> was there
}

func (p *addressParser) step() {
	b := p.rest[0]
	switch b {
	case ' ', '\t':
		p.space = true
		p.rest = p.rest[1:]
	case '(':
		p.comment, p.rest = comment(p.rest)
	case '"':
		var word []byte
		word, p.rest = quoted(p.rest)
		p.word(word)
	case '<':
		p.angleAddress()
	case ',':
		p.rest = p.rest[1:]
		p.finish()
	case ';':
		p.rest = p.rest[1:]
		p.finish()
		if p.inGroup {
			p.list = append(p.list, rawAddress{group: groupEnd})
			p.inGroup = false
		}
	case ':':
		p.rest = p.rest[1:]
		p.startGroup()
	default:
		p.atom()
	}
}

// word adds to the phrase, with one space where there was any.
func (p *addressParser) word(word []byte) {
	if len(p.phrase) == 0 {
		p.at = -1
	} else if p.space {
		p.phrase = append(p.phrase, ' ')
	}
	p.space = false
	p.phrase = append(p.phrase, word...)
}

// atom takes everything up to a special character.
func (p *addressParser) atom() {
	n := bytes.IndexAny(p.rest, " \t(\"<,;:")
	if n < 0 {
		n = len(p.rest)
	}
	word := p.rest[:n]
	p.rest = p.rest[n:]
	p.word(word)
	if i := bytes.LastIndexByte(word, '@'); i >= 0 {
		p.at = len(p.phrase) - len(word) + i
	}
}

// startGroup makes the phrase a group's name. A colon within an address, or a
// group in a group, is just skipped.
func (p *addressParser) startGroup() {
	if p.inGroup || len(p.phrase) == 0 || p.at >= 0 {
		return
	}
	p.list = append(p.list, rawAddress{local: p.phrase, group: groupStart})
	p.inGroup = true
	p.reset()
}

// angleAddress reads "<@route:local@domain>"; a missing ">" is the end or the
// next comma.
func (p *addressParser) angleAddress() {
	inner, rest := p.rest[1:], []byte(nil)
	if i := angleEnd(inner); i >= 0 {
		if inner[i] == '>' {
			rest = inner[i+1:]
		} else {
			rest = inner[i:]
		}
		inner = inner[:i]
	}
	p.rest = rest
	a := &rawAddress{}
	inner = bytes.Trim(inner, " \t")
	if i := bytes.IndexByte(inner, ':'); len(inner) > 0 && inner[0] == '@' && i > 0 {
		a.route, inner = inner[:i], inner[i+1:]
	}
	a.local, a.domain = splitAddress(inner)
	p.angle = a
}

// angleEnd finds the ">" or, without one, the comma that ends an address.
func angleEnd(b []byte) int {
	comma := -1
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			_, rest := quoted(b[i:])
			i = len(b) - len(rest) - 1
		case '>':
			return i
		case ',':
			if comma < 0 && (len(b) == 0 || b[0] != '@') {
				comma = i
			}
		}
	}
	return comma
}

// splitAddress splits at the last "@" that is not quoted and removes quoting.
func splitAddress(b []byte) (local, domain []byte) {
	sub := addressParser{rest: b}
	for len(sub.rest) > 0 {
		switch sub.rest[0] {
		case ' ', '\t', '(', '"':
			sub.step()
		case '<', ',', ';', ':':
			sub.word(sub.rest[:1])
			sub.rest = sub.rest[1:]
		default:
			sub.atom()
		}
	}
	return sub.split()
}

// split takes the phrase as an address.
func (p *addressParser) split() (local, domain []byte) {
	if len(p.phrase) == 0 || p.at < 0 {
		return p.phrase, nil
	}
	return bytes.Trim(p.phrase[:p.at], " "), bytes.Trim(p.phrase[p.at+1:], " ")
}

// finish ends the address that was being gathered.
func (p *addressParser) finish() {
	switch {
	case p.angle != nil:
		p.angle.name = p.phrase
		if len(p.phrase) == 0 {
			p.angle.name = p.comment
		}
		p.list = append(p.list, *p.angle)
	case len(p.phrase) > 0:
		local, domain := p.split()
		p.list = append(p.list, rawAddress{name: p.comment, local: local, domain: domain})
	}
	p.reset()
}

func (p *addressParser) reset() {
	p.phrase, p.at, p.space, p.comment, p.angle = nil, -1, false, nil, nil
}

// decodeAddresses leaves the marks of groups out.
func decodeAddresses(value []byte) []Address {
	var list []Address
	for _, a := range parseAddresses(value) {
		if a.group == noGroup {
			list = append(list, Address{decodeField(a.name), toUTF8(a.local, ""), toUTF8(a.domain, "")})
		}
	}
	return list
}

// messageIDs returns what stands in angle brackets. Without any, the words are
// taken: some senders forget the brackets.
func messageIDs(value []byte) []string {
	var ids []string
	rest := value
	for len(ids) < maxAddresses {
		from := bytes.IndexByte(rest, '<')
		if from < 0 {
			break
		}
		to := bytes.IndexByte(rest[from:], '>')
		if to < 0 {
			break
		}
		if id := bytes.Join(bytes.Fields(rest[from+1:from+to]), nil); len(id) > 0 {
			ids = append(ids, string(id))
		}
		rest = rest[from+to+1:]
	}
	if len(ids) > 0 {
		return ids
	}
	for _, word := range bytes.Fields(value) {
		if word = bytes.Trim(word, "<>,;"); bytes.IndexByte(word, '@') > 0 && len(ids) < maxAddresses {
			ids = append(ids, string(word))
		}
	}
	return ids
}

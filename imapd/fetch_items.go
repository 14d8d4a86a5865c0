package imapd

import (
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// itemKind is what a data item of FETCH asks for.
type itemKind uint8

const (
	itemFlags itemKind = iota
	itemUID
	itemModSeq
	itemInternalDate
	itemSize
	itemEnvelope
	itemBody // BODY without a section
	itemBodyStructure
	itemPreview
	itemSaveDate
	itemEmailID
	itemThreadID
	itemSection // BODY[...], RFC822...
	itemBinary
	itemBinarySize
)

// An item is one data item of FETCH.
type item struct {
	kind    itemKind
	label   string // how the response names it
	section section
	partial *imap.SectionPartial // nil: all of it
	seen    bool                 // asking for it sets \Seen
}

// parseItems reads the items of FETCH: one, a list or a macro.
func parseItems(d *wire.Decoder) []item {
	if d.Peek() == '(' {
		return parseItemList(d)
	}
	word := d.Atom()
	if macro := macroItems(strings.ToUpper(word)); macro != nil {
		return macro
	}
	it := parseItem(d, word)
	if it.kind == itemPreview && d.Accept(' ') {
		parseLazy(d)
	}
	return []item{it}
}

func parseItemList(d *wire.Decoder) []item {
	var items []item
	d.Open()
	for {
		if n := len(items); n > 0 && items[n-1].kind == itemPreview && d.Peek() == '(' {
			parseLazy(d)
		} else {
			items = append(items, parseItem(d, d.Atom()))
		}
		if !d.Accept(' ') {
			break
		}
	}
	d.Close()
	return items
}

// macroItems are what ALL, FAST and FULL stand for.
func macroItems(name string) []item {
	var words []string
	switch name {
	case "ALL":
		words = []string{"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"}
	case "FAST":
		words = []string{"FLAGS", "INTERNALDATE", "RFC822.SIZE"}
	case "FULL":
		words = []string{"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"}
	}
	var items []item
	for _, w := range words {
		it, _ := plainItem(w)
		items = append(items, it)
	}
	return items
}

// parseItem reads an item whose first word was read: that is all of it, or ends
// within the brackets, since "[" is an atom's and "]" is not.
func parseItem(d *wire.Decoder, word string) item {
	name, inside, bracket := strings.Cut(strings.ToUpper(word), "[")
	if !bracket {
		it, ok := plainItem(name)
		if !ok {
			d.Fail("a data item such as FLAGS or BODY[]")
		}
		return it
	}
	it := item{section: parseSection(d, inside)}
	d.Expect(']')
	switch name {
	case "BODY", "BODY.PEEK":
		it.kind, it.label = itemSection, "BODY"
		it.seen = name == "BODY"
	case "BINARY", "BINARY.PEEK":
		it.kind, it.label = itemBinary, "BINARY"
		it.seen = name == "BINARY"
	case "BINARY.SIZE":
		it.kind, it.label = itemBinarySize, "BINARY.SIZE"
	default:
		d.Fail("BODY[...] or BINARY[...]")
	}
	if it.kind != itemSection && it.section.what != whole {
		d.Fail("part numbers alone within BINARY[...]")
	}
	it.label += "[" + it.section.String() + "]"
	if it.kind != itemBinarySize && d.Peek() == '<' {
		it.parsePartial(d)
	}
	return it
}

func (it *item) parsePartial(d *wire.Decoder) {
	if it.partial = d.Partial(); it.partial != nil {
		it.label += "<" + strconv.FormatInt(it.partial.Offset, 10) + ">"
	}
}

// parseLazy reads the modifier of PREVIEW (RFC 8970 section 3.2). Previews are
// always ready, so that it changes nothing.
func parseLazy(d *wire.Decoder) {
	d.List(func() {
		if d.Keyword() != "LAZY" {
			d.Fail("LAZY")
		}
	})
}

// plainItem finds an item without brackets.
func plainItem(name string) (item, bool) {
	it := item{label: name}
	switch name {
	case "FLAGS":
		it.kind = itemFlags
	case "UID":
		it.kind = itemUID
	case "MODSEQ":
		it.kind = itemModSeq
	case "INTERNALDATE":
		it.kind = itemInternalDate
	case "RFC822.SIZE":
		it.kind = itemSize
	case "ENVELOPE":
		it.kind = itemEnvelope
	case "BODY":
		it.kind = itemBody
	case "BODYSTRUCTURE":
		it.kind = itemBodyStructure
	case "PREVIEW":
		it.kind = itemPreview
	case "SAVEDATE":
		it.kind = itemSaveDate
	case "EMAILID":
		it.kind = itemEmailID
	case "THREADID":
		it.kind = itemThreadID
	case "RFC822": // RFC 3501 section 6.4.5: BODY[] by another name, and so on
		it.kind, it.seen = itemSection, true
	case "RFC822.HEADER":
		it.kind, it.section.what = itemSection, header
	case "RFC822.TEXT":
		it.kind, it.section.what, it.seen = itemSection, text, true
	default:
		return item{}, false
	}
	return it, true
}

// columns says what the item needs of the row, and whether it needs the row at
// all: flags, uid and modseq are in the view.
func (it *item) columns() (cols store.Columns, row bool) {
	switch it.kind {
	case itemFlags, itemUID, itemModSeq:
		return 0, false
	case itemEnvelope:
		return store.WithEnvelope, true
	case itemBody, itemBodyStructure:
		return store.WithBodyStructure, true
	case itemPreview:
		return store.WithPreview, true
	case itemSaveDate:
		return store.WithSaved, true
	case itemSection, itemBinary, itemBinarySize:
		switch {
		case it.section.entire():
			return store.WithBody, true
		case it.section.usual():
			return store.WithHeader, true
		}
		return store.WithParts | store.WithBody, true
	}
	return 0, true
}

// facts reports whether the item is one of those that a Bare row leaves out.
func (it item) facts() bool {
	return it.kind == itemInternalDate || it.kind == itemSize || it.kind == itemThreadID
}

// body reports whether the item needs the message's bytes.
func (it *item) body() bool {
	switch it.kind {
	case itemSection:
		return !it.section.usual()
	case itemBinary, itemBinarySize:
		return true
	}
	return false
}

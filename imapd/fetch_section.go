package imapd

import (
	"strconv"
	"strings"

	"letterbox/imapd/wire"
	"letterbox/message"
)

// specifier is the last part of a section specification.
type specifier uint8

const (
	whole specifier = iota // nothing: a part's body, or the whole message
	header
	headerFields
	headerFieldsNot
	text
	mime
)

// A section is what stands between the brackets of BODY[...] (RFC 9051 section
// 6.4.5.1).
type section struct {
	path   []int // part numbers, from 1
	what   specifier
	fields []string // of headerFields and headerFieldsNot, as the client wrote them
}

// maxPath bounds the part numbers of a section: no message.Part lies deeper.
const maxPath = message.MaxDepth

// parseSection reads a section whose first word, up to a space or "]", was read
// already; d stands behind it.
func parseSection(d *wire.Decoder, word string) section {
	var sec section
	for word != "" && isDigit(word[0]) {
		number, rest, more := strings.Cut(word, ".")
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil || n == 0 || more && rest == "" || len(sec.path) == maxPath {
			d.Fail("a part number")
			return section{}
		}
		sec.path = append(sec.path, int(n))
		word = rest
	}
	switch {
	case word == "":
	case word == "HEADER":
		sec.what = header
	case word == "TEXT":
		sec.what = text
	case word == "MIME" && len(sec.path) > 0:
		sec.what = mime
	case word == "HEADER.FIELDS":
		sec.what = headerFields
	case word == "HEADER.FIELDS.NOT":
		sec.what = headerFieldsNot
	default:
		d.Fail("a section such as 1.2, HEADER or TEXT")
	}
	if sec.what == headerFields || sec.what == headerFieldsNot {
		sec.fields = parseFields(d)
	}
	return sec
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func parseFields(d *wire.Decoder) []string {
	var fields []string
	d.SP()
	d.List(func() { fields = append(fields, d.AString()) })
	if len(fields) == 0 {
		d.Fail("the name of a header field")
	}
	return fields
}

// String is the section as a response repeats it.
func (sec *section) String() string {
	words := make([]string, 0, len(sec.path)+1)
	for _, n := range sec.path {
		words = append(words, strconv.Itoa(n))
	}
	switch sec.what {
	case header:
		words = append(words, "HEADER")
	case text:
		words = append(words, "TEXT")
	case mime:
		words = append(words, "MIME")
	case headerFields:
		words = append(words, "HEADER.FIELDS "+fieldList(sec.fields))
	case headerFieldsNot:
		words = append(words, "HEADER.FIELDS.NOT "+fieldList(sec.fields))
	}
	return strings.Join(words, ".")
}

// fieldList writes the names as atoms where they are, else quoted.
func fieldList(fields []string) string {
	words := make([]string, len(fields))
	for i, f := range fields {
		words[i] = f
		if f == "" || strings.ContainsFunc(f, notInFieldName) {
			words[i] = `"` + strings.Map(quotable, f) + `"`
		}
	}
	return "(" + strings.Join(words, " ") + ")"
}

// notInFieldName says which characters of a field name need quotes; RFC 5322
// section 3.6.8 allows some that are no atom's.
func notInFieldName(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`(){%*"\]`, r)
}

// quotable drops what no quoted string holds and no field name has.
func quotable(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '\\' {
		return -1
	}
	return r
}

// usual reports whether the row's header is enough for the answer.
func (sec *section) usual() bool {
	if sec.what != headerFields || len(sec.path) > 0 {
		return false
	}
	for _, f := range sec.fields {
		if !message.IsUsualField(f) {
			return false
		}
	}
	return true
}

// entire reports whether the section is the message as a whole.
func (sec *section) entire() bool { return len(sec.path) == 0 && sec.what == whole }

// A span is a stretch of a message as the client sees it: with the prefix.
type span struct{ from, to int64 }

// locate finds the section in a message with the given structure and length of
// prefix. For headerFields it is the header to choose from. It is false where
// the message has no such part.
func (sec *section) locate(root *message.Part, prefix int64) (span, bool) {
	part := root.Find(sec.path)
	if part == nil {
		return span{}, false
	}
	switch {
	case len(sec.path) == 0 && sec.what == whole:
		return span{0, prefix + part.End}, true
	case sec.what == whole:
		return span{prefix + part.Body, prefix + part.End}, true
	case sec.what == mime:
		return headerOf(part, root, prefix), true
	}
	// HEADER and TEXT speak of a message: the one that the part holds.
	if len(sec.path) > 0 {
		if part.Kind != message.Embedded || len(part.Children) == 0 {
			return span{}, false
		}
		part = &part.Children[0]
	}
	if sec.what == text {
		return span{prefix + part.Body, prefix + part.End}, true
	}
	return headerOf(part, root, prefix), true
}

// headerOf is a part's header; the prefix belongs to that of the root.
func headerOf(part, root *message.Part, prefix int64) span {
	if part == root {
		return span{0, prefix + part.Body}
	}
	return span{prefix + part.Header, prefix + part.Body}
}

package message

import (
	"bytes"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// headerEnd returns the offset behind the empty line, or the length without one.
func headerEnd(raw []byte) int64 {
	at := 0
	for at < len(raw) {
		i := bytes.IndexByte(raw[at:], '\n')
		if i < 0 {
			return int64(len(raw))
		}
		line := bytes.TrimRight(raw[at:at+i], "\r")
		at += i + 1
		if len(line) == 0 {
			return int64(at)
		}
	}
	return int64(len(raw))
}

// A field of a header: its name and value as they came, and the whole with its
// line ends.
type field struct {
	name, value, whole []byte
}

// fields yields the fields of a header, up to its empty line. Lines that belong
// to no field are passed over.
func fields(header []byte) iter.Seq[field] {
	return func(yield func(field) bool) {
		for len(header) > 0 {
			whole := header[:fieldLength(header)]
			header = header[len(whole):]
			if isBlank(whole) {
				return
			}
			name, value, ok := bytes.Cut(whole, []byte(":"))
			name = trimSpace(name) // RFC 5322 section 4.5: obsolete, but there
			if !ok || len(name) == 0 || slices.ContainsFunc(name, isSpace) {
				continue
			}
			if !yield(field{name, value, whole}) {
				return
			}
		}
	}
}

// isBlank reports whether a line has nothing but its end.
func isBlank(line []byte) bool {
	for _, b := range line {
		if b != '\r' && b != '\n' {
			return false
		}
	}
	return true
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

// trimSpace takes spaces and tabs off the end.
func trimSpace(name []byte) []byte {
	for n := len(name); n > 0 && (name[n-1] == ' ' || name[n-1] == '\t'); n-- {
		name = name[:n-1]
	}
	return name
}

// fieldLength is the length of the first line with those that continue it.
func fieldLength(header []byte) int {
	end := 0
	for {
		i := bytes.IndexByte(header[end:], '\n')
		if i < 0 {
			return len(header)
		}
		end += i + 1
		if end == len(header) || header[end] != ' ' && header[end] != '\t' {
			return end
		}
		if isBlank(header[:end]) { // the empty line is not continued
			return end
		}
	}
}

// unfold removes line breaks and NULs and surrounding space from a value.
func unfold(value []byte) []byte { return unfoldAll(value[:min(len(value), maxField)]) }

// unfoldAll is unfold without its limit: a search looks at everything.
func unfoldAll(value []byte) []byte {
	if bytes.ContainsAny(value, "\r\n\x00") {
		clean := make([]byte, 0, len(value))
		for _, b := range value {
			if b != '\r' && b != '\n' && b != 0 {
				clean = append(clean, b)
			}
		}
		value = clean
	}
	return bytes.Trim(value, " \t")
}

// fieldID names the fields that Parse looks at.
type fieldID int

const (
	fieldDate fieldID = iota
	fieldSubject
	fieldFrom
	fieldSender
	fieldReplyTo
	fieldTo
	fieldCc
	fieldBcc
	fieldInReplyTo
	fieldMessageID
	fieldReferences
	fieldCount
)

var fieldIDs = map[string]fieldID{
	"date": fieldDate, "subject": fieldSubject, "from": fieldFrom, "sender": fieldSender,
	"reply-to": fieldReplyTo, "to": fieldTo, "cc": fieldCc, "bcc": fieldBcc,
	"in-reply-to": fieldInReplyTo, "message-id": fieldMessageID, "references": fieldReferences,
}

// usualFields are those by which clients list a mailbox: what Thunderbird, Apple
// Mail, K-9, mutt, Roundcube and Outlook name in HEADER.FIELDS. Received is not
// among them: it is long, and only for reading one message.
var usualFields = map[string]bool{
	"date": true, "from": true, "sender": true, "reply-to": true, "to": true, "cc": true, "bcc": true,
	"subject": true, "message-id": true, "in-reply-to": true, "references": true,
	"mime-version": true, "content-type": true, "content-transfer-encoding": true,
	"content-description": true, "content-disposition": true, "content-language": true,
	"importance": true, "priority": true, "x-priority": true, "x-msmail-priority": true,
	"list-id": true, "list-post": true, "list-unsubscribe": true, "list-subscribe": true,
	"newsgroups": true, "followup-to": true, "lines": true, "x-label": true, "keywords": true,
	"delivered-to": true, "x-original-to": true, "envelope-to": true, "return-path": true,
	"resent-date": true, "resent-from": true, "resent-to": true, "resent-cc": true, "resent-message-id": true,
	"disposition-notification-to": true, "return-receipt-to": true, "x-confirm-reading-to": true,
	"mail-followup-to": true, "mail-reply-to": true, "auto-submitted": true, "precedence": true,
	"x-spam-flag": true, "x-spam-status": true, "x-tuid": true, "x-mailer": true, "user-agent": true,
	"chat-version": true, "autocrypt-setup-message": true, "x-mozilla-status": true,
}

// IsUsualField reports whether a header field (any case) is among those that
// UsualHeader keeps, because clients ask for them when they list a mailbox.
func IsUsualField(name string) bool { return usualFields[strings.ToLower(name)] }

// known is what one walk over a message's header collects. Of a field that
// comes twice the first counts.
type known struct {
	first [fieldCount][]byte // values, unfolded; nil when missing
	usual []byte
}

func collect(header []byte) *known {
	k, tooLong := new(known), false
	var name [32]byte
	for f := range fields(header) {
		if len(f.name) > len(name) {
			continue
		}
		lower := appendLower(name[:0], f.name)
		if usualFields[string(lower)] {
			tooLong = tooLong || len(f.whole) > maxUsualField || len(k.usual)+len(f.whole) > maxUsual
			if !tooLong {
				k.usual = append(k.usual, f.whole...)
			}
		}
		if id, ok := fieldIDs[string(lower)]; ok && k.first[id] == nil {
			k.first[id] = append([]byte{}, unfold(f.value)...)
		}
	}
	if tooLong {
		k.usual = nil
	}
	return k
}

// FilterHeader appends to dst the fields of header whose name is (or, with not,
// is not) among names, compared without case, followed by the empty line: the
// answer to HEADER.FIELDS and HEADER.FIELDS.NOT.
func FilterHeader(dst, header []byte, names []string, not bool) []byte {
	for f := range fields(header) {
		named := slices.ContainsFunc(names, func(name string) bool {
			return len(name) == len(f.name) && strings.EqualFold(name, string(f.name))
		})
		if named == not {
			continue
		}
		dst = append(dst, f.whole...)
		if !bytes.HasSuffix(f.whole, []byte("\n")) {
			dst = append(dst, "\r\n"...)
		}
	}
	return append(dst, "\r\n"...)
}

// AppendHeaderText appends to dst the decoded values (RFC 2047, charsets,
// unfolded) of all fields with the given name, in order, each with a line feed;
// found is false without any. For SEARCH, which goes through many.
func AppendHeaderText(dst, header []byte, name string) (text []byte, found bool) {
	for f := range fields(header) {
		if len(f.name) != len(name) || !strings.EqualFold(name, string(f.name)) {
			continue
		}
		found = true
		value := unfoldAll(f.value)
		if isPlain(value) {
			dst = append(dst, value...)
		} else {
			dst = append(dst, decodeField(value)...)
		}
		dst = append(dst, '\n')
	}
	return dst, found
}

// isPlain reports whether a value decodes to itself.
func isPlain(value []byte) bool {
	for i, b := range value {
		if b >= utf8.RuneSelf || b == '=' && i+1 < len(value) && value[i+1] == '?' {
			return false
		}
	}
	return true
}

// SentDate reads the Date field of a header; zero when there is none that can be
// read.
func SentDate(header []byte) time.Time {
	for f := range fields(header) {
		if strings.EqualFold("Date", string(f.name)) {
			return parseDate(unfold(f.value))
		}
	}
	return time.Time{}
}

// HeaderValues returns the decoded values (RFC 2047, charsets, unfolded) of all
// fields with the given name, in order; for SEARCH HEADER.
func HeaderValues(header []byte, name string) []string {
	var values []string
	for f := range fields(header) {
		if strings.EqualFold(name, string(f.name)) {
			values = append(values, decodeField(unfoldAll(f.value)))
		}
	}
	return values
}

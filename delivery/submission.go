package delivery

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"letterbox/directory"
	"letterbox/message"
)

// ErrBadAuthor says that nobody can tell who wrote a message.
var ErrBadAuthor = errors.New("the From field must name its author once, by an address")

// Authors returns the addresses in whose name a submitted message speaks: those
// of From, which may be missing, and Sender. ErrBadAuthor when there are several
// From fields (readers differ in which one they show) or one without an address.
func Authors(raw []byte) ([]string, error) {
	m, count := message.ParseHeader(raw), countFields(raw)
	if count["from"] > 1 || count["sender"] > 1 || count["from"] == 1 && len(m.From) == 0 {
		return nil, ErrBadAuthor
	}
	var authors []string
	for _, a := range slices.Concat(m.From, m.Sender) {
		if a.Local == "" || a.Domain == "" {
			return nil, ErrBadAuthor
		}
		authors = append(authors, directory.Address{Local: a.Local, Domain: a.Domain}.String())
	}
	return authors, nil
}

// Complete returns a submitted message as it is kept and leaves, in pieces of
// raw and new ones, to be written one after the other. A single piece is raw
// itself.
//
// From, Date and Message-ID are added where they are missing (RFC 6409 section
// 8). Bcc fields are taken out (RFC 5322 section 3.6.3): nobody who receives the
// message may learn from it who else did. The sender's client keeps its own copy
// with them.
func (d *Delivery) Complete(raw []byte, e Envelope) [][]byte {
	pieces := [][]byte{d.missingFields(raw, e)}
	kept := 0
	for f := range headerFields(raw) {
		if f.is("Bcc") || f.is("Resent-Bcc") {
			pieces = append(pieces, raw[kept:f.start])
			kept = f.end
		}
	}
	pieces = append(pieces, raw[kept:])
	return slices.DeleteFunc(pieces, func(p []byte) bool { return len(p) == 0 })
}

// missingFields is what has to be put in front.
func (d *Delivery) missingFields(raw []byte, e Envelope) []byte {
	var b []byte
	has := countFields(raw)
	if has["from"] == 0 {
		b = fmt.Appendf(b, "From: <%s>\r\n", author(e))
	}
	if has["date"] == 0 {
		b = fmt.Appendf(b, "Date: %s\r\n", e.Received.Format(dateFormat))
	}
	if has["message-id"] == 0 {
		b = fmt.Appendf(b, "Message-ID: <%s@%s>\r\n", rand.Text(), d.Hostname)
	}
	if len(has) == 0 && !bytes.HasPrefix(raw, []byte("\r\n")) {
		b = append(b, "\r\n"...) // there is no header: all of it is text
	}
	return b
}

// countFields counts the fields of a header by their names in lower case.
func countFields(raw []byte) map[string]int {
	count := map[string]int{}
	for f := range headerFields(raw) {
		count[strings.ToLower(f.name)]++
	}
	return count
}

// author is whom a message without From is from.
func author(e Envelope) string {
	if e.Sender != "" {
		return e.Sender
	}
	return e.User.Address
}

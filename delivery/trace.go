package delivery

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
)

// lineWidth is what a folded header line stays below where it can (RFC 5322
// section 2.1.1).
const lineWidth = 78

// dateFormat is that of RFC 5322 section 3.3.
const dateFormat = "Mon, 2 Jan 2006 15:04:05 -0700"

// prefix is what stands before the message in one recipient's mailbox, the
// newest line first (RFC 5321 section 4.4).
func prefix(sender, address string, trace []byte) []byte {
	return fmt.Appendf(nil, "Return-Path: <%s>\r\n%s%s", sender, DeliveredTo(address), trace)
}

// DeliveredTo is the header line that ends a loop when the message comes back
// to the address.
func DeliveredTo(address string) []byte {
	return fmt.Appendf(nil, "Delivered-To: %s\r\n", address)
}

// Trace is the Received field (RFC 5321 section 4.4), CRLF included. The address
// of a client that submits is left out, and the name by which it greeted: where
// somebody was when they wrote is nobody's business but theirs, and the log has
// it for the admin.
//
// Above it stands what was found out about the message (RFC 8601), if it was
// checked. What is made here did not come from anywhere: it has no trace.
func (d *Delivery) Trace(e Envelope) []byte {
	if e.Internal {
		return nil
	}
	words := []string{"Received:"}
	if e.User == nil {
		words = append(words, "from", heloName(e), peerName(e))
	}
	words = append(words, "by", d.Hostname, "(Letterbox)", "with", e.Protocol)
	if e.TLS != "" {
		words = append(words, "("+e.TLS+")")
	}
	words = append(words, "id", e.ID)
	if e.For != "" {
		words = append(words, "for", "<"+e.For+">")
	}
	words[len(words)-1] += ";"
	var verdict []byte
	if e.Verdict != nil {
		verdict = e.Verdict.Field(d.Hostname)
	}
	return slices.Concat(verdict, foldWords(words, e.Received.Format(dateFormat)), []byte("\r\n"))
}

// foldWords joins words with spaces, or where a line would become too long, with
// a folded line end. The last one is not broken up.
func foldWords(words []string, last string) []byte {
	var b []byte
	column := 0
	for i, word := range append(words, last) {
		switch {
		case i == 0:
		case column+1+len(word) >= lineWidth:
			b, column = append(b, "\r\n\t"...), 1
		default:
			b, column = append(b, ' '), column+1
		}
		b, column = append(b, word...), column+len(word)
	}
	return b
}

// hostName matches what may stand after "from": a domain or an address literal.
var hostName = regexp.MustCompile(`^([A-Za-z0-9_.-]+|\[[A-Za-z0-9.:]+\])$`)

// heloName is the name that the client gave itself, if it is a name at all: a
// stranger writes nothing else into our line.
func heloName(e Envelope) string {
	if len(e.Helo) <= 255 && hostName.MatchString(e.Helo) {
		return e.Helo
	}
	return literal(e.Remote)
}

// peerName is who it was, as far as we know ourselves: TCP-info.
func peerName(e Envelope) string {
	if e.RemoteName != "" {
		return "(" + e.RemoteName + " " + literal(e.Remote) + ")"
	}
	return "(" + literal(e.Remote) + ")"
}

// literal is an address literal (RFC 5321 section 4.1.3).
func literal(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "unknown"
	case a.Is4() || a.Is4In6():
		return "[" + a.Unmap().String() + "]"
	}
	return "[IPv6:" + a.WithZone("").String() + "]"
}

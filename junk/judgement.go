package junk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"letterbox/message"
)

// A Reason is one thing that counted in a judgement. Points above 0 speak for
// junk.
type Reason struct {
	Name   string // one of the words below
	Points float64
	Detail string
}

// What counts.
const (
	ReasonAllowed       = "allowed"       // an exception of the owner's
	ReasonDenied        = "denied"        // likewise
	ReasonPolicy        = "policy"        // the author's domain asks for Junk (DMARC)
	ReasonContent       = "content"       // words and the like
	ReasonAlike         = "alike"         // nearly the same as a message that was judged by its owner
	ReasonCorrespondent = "correspondent" // the owner wrote to the sender, or called their mail wanted
	ReasonSender        = "sender"        // how mail of the address was received
	ReasonDomain        = "domain"        // of its domain
	ReasonNetwork       = "network"       // of its network
	ReasonForged        = "unproven"      // the domain disowns the message, without asking for more
	ReasonListed        = "listed"        // the peer is on a list (DNSBL)
	ReasonRspamd        = "rspamd"
	ReasonMilter        = "milter"
	ReasonVirus         = "virus"
	ReasonUnchecked     = "unchecked" // a peer of ours that should have looked did not answer
)

// A Judgement is what became of a message, and why.
type Judgement struct {
	Junk      bool
	Score     float64
	Threshold float64
	Decided   string // the name of the reason that decided alone, "" when the points did
	Reasons   []Reason
}

// FieldName is the header field in which a judgement is kept with its message.
const FieldName = "X-Letterbox-Junk"

// Field writes the judgement as header fields, CRLF included; nothing when nobody
// had anything to say but that the sender's mail was welcome before.
func (j Judgement) Field() []byte {
	if !slices.ContainsFunc(j.Reasons, worthTelling) {
		return nil
	}
	word := "no"
	var b []byte
	if j.Junk {
		word = "yes"
		b = append(b, "X-Spam-Flag: YES\r\n"...) // what many clients know
	}
	b = fmt.Appendf(b, "%s: %s; score=%.1f; threshold=%.1f", FieldName, word, j.Score, j.Threshold)
	if j.Decided != "" {
		b = fmt.Appendf(b, "; decided=%s", j.Decided)
	}
	for _, r := range j.Reasons {
		b = fmt.Appendf(b, ";\r\n\t%s=%.1f", r.Name, r.Points)
		if r.Detail != "" {
			b = fmt.Appendf(b, " (%s)", harmless(r.Detail))
		}
	}
	return append(b, "\r\n"...)
}

func worthTelling(r Reason) bool {
	switch r.Name {
	case ReasonSender, ReasonDomain, ReasonNetwork:
		return r.Points > 0
	}
	return true
}

// ParseField reads the value of such a field. It is for fields that stand in lines
// of our own; a stranger can write one, too.
func ParseField(value string) (j Judgement, ok bool) {
	for i, part := range strings.Split(unfold(value), "; ") {
		if i == 0 {
			j.Junk = part == "yes"
			if part != "yes" && part != "no" {
				return Judgement{}, false
			}
			continue
		}
		name, rest, found := strings.Cut(part, "=")
		number, detail, _ := strings.Cut(rest, " (")
		points, err := strconv.ParseFloat(number, 64)
		switch {
		case name == "decided" && found:
			j.Decided = rest
		case !found || err != nil || points != points:
			return Judgement{}, false
		case name == "score":
			j.Score = points
		case name == "threshold":
			j.Threshold = points
		default:
			j.Reasons = append(j.Reasons, Reason{name, points, unharmed(strings.TrimSuffix(detail, ")"))})
		}
	}
	return j, true
}

// maxDetail bounds a detail in the header, in bytes.
const maxDetail = 400

// harmless writes text so that it cannot be anything else in a header: other
// letters than ASCII, and what the field is made of, as percent and a number.
func harmless(text string) string {
	var b strings.Builder
	for i := 0; i < len(text) && b.Len() < maxDetail; i++ {
		switch c := text[i]; {
		case c < ' ' || c > '~' || strings.IndexByte("%;()", c) >= 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unharmed is the reverse of harmless.
func unharmed(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// Told finds the judgement in the lines above a message.
func Told(prefix []byte) (Judgement, bool) {
	for _, value := range message.HeaderValues(prefix, FieldName) {
		return ParseField(value)
	}
	return Judgement{}, false
}

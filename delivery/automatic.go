package delivery

import (
	"slices"
	"strings"

	"letterbox/mailauth"
)

// Automatic says why a message is not to be answered by a machine, as it was sent by
// one, or to many; "" when a person may have written it (RFC 3834 section 2, RFC 5230
// section 4.6).
func Automatic(sender string, raw []byte) (why string) {
	if sender == "" {
		return "it has no sender"
	}
	if isMachine(sender) {
		return "its sender is a machine"
	}
	for f := range headerFields(raw) {
		name := strings.ToLower(f.name)
		value := strings.ToLower(strings.TrimSpace(string(f.value)))
		word, _, _ := strings.Cut(value, ";")
		word, _, _ = strings.Cut(word, "(")
		word = strings.TrimSpace(word)
		switch {
		case name == "auto-submitted" && word != "no":
			return "it was sent by a machine (Auto-Submitted)"
		case strings.HasPrefix(name, "list-"): // RFC 2369, RFC 2919
			return "it came from a list"
		case name == "precedence" && (word == "list" || word == "bulk" || word == "junk"):
			return "it was sent to many (Precedence)"
		case name == "x-auto-response-suppress" && suppresses(value): // Exchange's
			return "it asks for no answer"
		case name == "content-type" && word == "multipart/report": // RFC 6522
			return "it is a report"
		}
	}
	return ""
}

// suppresses reports whether X-Auto-Response-Suppress names answers of who is away.
func suppresses(value string) bool {
	return slices.ContainsFunc(strings.Split(value, ","), func(word string) bool {
		word = strings.TrimSpace(word)
		return word == "all" || word == "oof" || word == "autoreply"
	})
}

// isMachine reports whether an address is of the kind that programs write from.
// postmaster is none: people read that (RFC 5230 section 4.6).
func isMachine(address string) bool {
	local := strings.ToLower(address[:max(strings.LastIndexByte(address, '@'), 0)])
	local, _, _ = strings.Cut(local, "+")
	switch local {
	case "mailer-daemon", "listserv", "majordomo", "mailman", "bounce", "bounces",
		"noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply":
		return true
	}
	for _, prefix := range []string{"owner-", "bounce-", "bounces-", "noreply-", "no-reply-"} {
		if strings.HasPrefix(local, prefix) {
			return true
		}
	}
	for _, suffix := range []string{"-owner", "-request", "-bounces", "-noreply", "-no-reply"} {
		if strings.HasSuffix(local, suffix) {
			return true
		}
	}
	return false
}

// Doubtful reports whether the sender may well be forged, so that an answer would go
// to somebody who wrote nothing: the author's domain disowns the message (DMARC), or
// the sender's does (SPF) and the author, for whom it may be vouched, is of another.
func (e *Envelope) Doubtful() bool {
	if e.Verdict == nil {
		return false
	}
	spf, dmarc := e.Verdict.SPF.Result, e.Verdict.DMARC
	if dmarc.Result == mailauth.Fail {
		return true
	}
	if spf != mailauth.Fail && spf != mailauth.SoftFail {
		return false
	}
	domain := strings.ToLower(e.Sender[strings.LastIndexByte(e.Sender, '@')+1:])
	return dmarc.Result != mailauth.Pass || domain != dmarc.From && !strings.HasSuffix(domain, "."+dmarc.From)
}

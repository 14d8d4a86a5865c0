package queue

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"time"

	"letterbox/message"
)

// words are what a report says to people.
type words struct {
	action  string // for programs (RFC 3464 section 2.3.3)
	subject string
	opening string // "%s" is the subject of the message
	closing string
}

func wordsFor(kind string, s Schedule) words {
	switch kind {
	case reportDelayed:
		return words{"delayed", "Late", "Your message%s has not reached everybody yet.\nYou need not do anything: it is tried again for " + span(s.Lifetime) + " from when you sent it.",
			"If it cannot be delivered in that time, you will be told."}
	case reportRelayed:
		return words{"relayed", "Handed over", "Your message%s was handed over to these recipients' server,\nwhich does not tell whether it reaches the mailbox.", ""}
	case reportDelivered:
		return words{"delivered", "Delivered", "Your message%s is in these recipients' mailboxes.", ""}
	}
	return words{"failed", "Not delivered", "Your message%s could not be delivered.", "It is not tried again."}
}

// good reports whether there is nothing to explain.
func (w words) good() bool { return w.action == "relayed" || w.action == "delivered" }

// text is the part for people.
func (w words) text(original *message.Message, rows []debtRow) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, w.opening+"\n", quoteSubject(original.Subject))
	for _, r := range rows {
		fmt.Fprintf(&b, "\nTo: %s\n", r.address)
		if w.good() {
			continue
		}
		e := explain(r.reply)
		fmt.Fprintf(&b, "    %s\n    What to do: %s\n", e.Text, e.Do)
		if e.Link != "" {
			fmt.Fprintf(&b, "    More: %s\n", e.Link)
		}
		switch {
		case r.reply.Code != 0:
			fmt.Fprintf(&b, "    %s said: %s\n", r.host, r.reply)
		default:
			fmt.Fprintf(&b, "    In detail: %s\n", r.reply.Text)
		}
	}
	if w.closing != "" {
		fmt.Fprintf(&b, "\n%s\n", w.closing)
	}
	return b.Bytes()
}

// quoteSubject is ` "Lunch?"`, or nothing for no subject.
func quoteSubject(subject string) string {
	subject = printable(subject)
	if r := []rune(subject); len(r) > 100 {
		subject = string(r[:100]) + "..."
	}
	if subject == "" {
		return ""
	}
	return ` "` + subject + `"`
}

// span writes a length of time in whole days or hours.
func span(d time.Duration) string {
	if days := int(d.Hours() / 24); days > 1 {
		return fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%d hours", int(d.Hours()))
}

func encodeWords(s string) string {
	return strings.ReplaceAll(mime.QEncoding.Encode("utf-8", s), "?= =?", "?=\r\n =?")
}

func crlfText(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }

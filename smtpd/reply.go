package smtpd

import (
	"fmt"
	"strings"
)

// A reply is what a command is answered with. As an error it refuses the command.
type reply struct {
	code     int
	enhanced string   // RFC 3463; "" where RFC 2034 wants none
	lines    []string // at least one
}

func (r *reply) Error() string { return strings.TrimSuffix(r.String(), "\r\n") }

// say makes a reply.
func say(code int, enhanced string, lines ...string) *reply {
	return &reply{code, enhanced, lines}
}

// refuse makes a reply that is an error.
func refuse(code int, enhanced, format string, args ...any) error {
	return say(code, enhanced, fmt.Sprintf(format, args...))
}

// maxReplyText keeps a line of a reply within 512 octets (RFC 5321 section
// 4.5.3.1.5).
const maxReplyText = 480

// String is the reply as it is sent.
func (r *reply) String() string {
	var b strings.Builder
	for i, text := range r.lines {
		mark := "-"
		if i == len(r.lines)-1 {
			mark = " "
		}
		fmt.Fprintf(&b, "%d%s", r.code, mark)
		if r.enhanced != "" {
			b.WriteString(r.enhanced + " ")
		}
		b.WriteString(printable(text) + "\r\n")
	}
	return b.String()
}

// printable replaces what may not stand in a reply (RFC 5321 section 4.2): texts
// quote what strangers sent.
func printable(text string) string {
	if len(text) > maxReplyText {
		text = text[:maxReplyText]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

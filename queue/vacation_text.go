package queue

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"time"

	"letterbox/directory"
	"letterbox/message"
)

// An away is what an answer in the name of who is away is made of.
type away struct {
	directory.Vacation
	own, name string // of who is away
	to        string
	original  *message.Message
}

// compose writes the answer as RFC 3834 section 3 wants it: to the sender alone, brief,
// plain, and with nothing of the message but its subject.
func (a away) compose(now time.Time) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	from := a.from()
	line("From: %s", from)
	line("To: <%s>", a.to)
	line("Subject: %s", encodeWords(a.subject()))
	line("Date: %s", now.Format(dateFormat))
	line("Message-ID: <%s@%s>", rand.Text(), from.Address[strings.LastIndexByte(from.Address, '@')+1:])
	if id := a.original.MessageID; id != "" && isASCII(id) {
		line("In-Reply-To: <%s>", id)
		line("References: %s", strings.Join(a.references(), "\r\n\t"))
	}
	line("Auto-Submitted: auto-replied")
	line("MIME-Version: 1.0")
	line("Content-Type: text/plain; charset=utf-8")
	line("Content-Transfer-Encoding: quoted-printable\r\n")
	text := quotedprintable.NewWriter(&b)
	fmt.Fprintln(text, strings.TrimSpace(strings.ReplaceAll(a.Text, "\r\n", "\n")))
	_ = text.Close() // a buffer takes everything
	return b.Bytes()
}

// from is as the user chose it, else their name and the address written to.
func (a away) from() *mail.Address {
	if chosen, err := mail.ParseAddress(a.From); err == nil {
		return chosen
	}
	return &mail.Address{Name: a.name, Address: a.own}
}

// maxSubject is how much of a subject is repeated, in characters.
const maxSubject = 150

func (a away) subject() string {
	if a.Subject != "" {
		return a.Subject
	}
	subject := []rune(printable(a.original.Subject))
	return "Auto: " + string(subject[:min(len(subject), maxSubject)])
}

// maxReferences is how many messages an answer refers to.
const maxReferences = 20

// references are those of RFC 5322 section 3.6.4: the message and what it refers to.
func (a away) references() []string {
	before := a.original.References
	if len(before) == 0 && len(a.original.InReplyTo) == 1 {
		before = a.original.InReplyTo
	}
	before = slices.DeleteFunc(slices.Clone(before), func(id string) bool { return !isASCII(id) })
	all := append(before, a.original.MessageID)
	all = all[max(0, len(all)-maxReferences):]
	for i, id := range all {
		all[i] = "<" + id + ">"
	}
	return all
}

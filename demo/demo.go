// Package demo makes up the mail of two people: threads, a mailing list,
// newsletters in HTML, pictures, documents, many scripts, folders and flags; what
// somebody needs who wants to see how a mail client shows it all.
package demo

import (
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
)

// A Message is one that lies in a mailbox.
type Message struct {
	User     string // "anna" or "ben"
	Mailbox  string
	Flags    []imap.Flag
	Received time.Time
	Raw      []byte
}

// A User is one of the two whose mail it is.
type User struct{ Local, Name string }

// Users returns the two.
func Users() []User { return []User{{"anna", "Anna Berg"}, {"ben", "Ben Okafor"}} }

// Mail makes all of it up, as it would lie there at now. The same arguments give
// the same mail.
func Mail(domain string, now time.Time) []Message {
	var all []Message
	for _, l := range letters() {
		all = append(all, Message{
			User:     l.owner,
			Mailbox:  l.mailbox,
			Flags:    l.flags,
			Received: now.Add(-l.ago).Truncate(time.Second),
			Raw:      l.raw(domain, now),
		})
	}
	return all
}

// letters are all of them, in no order.
func letters() []letter {
	all := slices.Concat(party(), neighbours(), garden(), family(), work(), shops(), abroad(), oddities(), folders())
	for i := range all {
		if all[i].id == "" {
			all[i].id = fmt.Sprintf("letter-%d", i+1)
		}
	}
	return all
}

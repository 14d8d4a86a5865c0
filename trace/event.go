package trace

import (
	"net/netip"
	"time"
)

// A Kind is what happened.
type Kind string

const (
	Received  Kind = "received"  // it was accepted: from now on it is ours
	Refused   Kind = "refused"   // a recipient, or the whole of it, was turned away
	Delivered Kind = "delivered" // it is in a mailbox
	Queued    Kind = "queued"    // it waits to leave
	Sent      Kind = "sent"      // another server has taken it
	Deferred  Kind = "deferred"  // an attempt failed; another one follows
	Failed    Kind = "failed"    // given up
	Answered  Kind = "answered"  // its sender was told that the recipient is away
)

// An Event is one thing that happened to a message, to one of its recipients
// where Recipient is set. What does not apply is left empty.
type Event struct {
	Trace string    `json:"trace"` // of the message: the same for all its events
	At    time.Time `json:"at"`    // zero: now
	Kind  Kind      `json:"kind"`

	// Whose it is: the recipient's, where they are ours; else the user's who sent
	// it; 0 for nobody's. Who it is may see it.
	Account int64 `json:"-"`

	Sender    string     `json:"sender,omitempty"` // reverse-path
	Recipient string     `json:"recipient,omitempty"`
	MessageID string     `json:"message_id,omitempty"` // without its angle brackets
	Size      int64      `json:"size,omitempty"`
	Remote    netip.Addr `json:"remote,omitzero"` // who connected
	Helo      string     `json:"helo,omitempty"`
	Protocol  string     `json:"protocol,omitempty"` // and TLS
	Host      string     `json:"host,omitempty"`     // the other server of an attempt
	Folder    string     `json:"folder,omitempty"`
	Reply     string     `json:"reply,omitempty"` // what was said, by us or the other server
	Queue     int64      `json:"queue,omitempty"` // the number in the queue
	Notes     []Note     `json:"notes,omitempty"`
}

// A Note is one of the reasons for what happened: a verdict, a score, a rule.
type Note struct {
	Name string `json:"name"` // "spf", "dmarc", "rule" ...
	Text string `json:"text"`
}

// Longest texts that are kept: strangers write some of them.
const (
	maxText  = 512
	maxNotes = 40
)

// bounded returns the event with nothing in it longer than is kept.
func (e Event) bounded() Event {
	for _, text := range []*string{&e.Trace, &e.Sender, &e.Recipient, &e.MessageID, &e.Helo, &e.Protocol, &e.Host, &e.Folder, &e.Reply} {
		*text = clip(*text)
	}
	notes := make([]Note, 0, len(e.Notes))
	for _, n := range e.Notes[:min(maxNotes, len(e.Notes))] {
		notes = append(notes, Note{clip(n.Name), clip(n.Text)})
	}
	e.Notes = notes
	return e
}

package queue

import (
	"fmt"

	"letterbox/trace"
)

// journalQueued notes that a message waits for its recipients elsewhere.
func (q *Queue) journalQueued(id string, queued int64, m *Message) {
	for _, r := range m.Recipients {
		event := trace.Event{Trace: id, Kind: trace.Queued, Account: m.Account, Recipient: r.Address, Queue: queued}
		if r.Passer != 0 {
			event.Account = r.Passer
		}
		if r.By != "" {
			event.Notes = []trace.Note{{Name: "by", Text: r.By}}
		}
		q.Delivery.Journal.Record(event)
	}
}

// journalAttempt notes what became of an attempt, by recipient.
func (q *Queue) journalAttempt(b *batch, rows []settled) {
	id := b.trace
	if id == "" { // queued before there were traces
		id = fmt.Sprintf("queue-%d", b.id)
	}
	for _, r := range rows {
		q.Delivery.Journal.Record(trace.Event{
			Trace: id, At: r.at, Kind: kindOf(r.state), Account: b.message.Account, Recipient: r.address,
			Host: r.host, Reply: r.reply.String(), Queue: b.id,
		})
	}
}

func kindOf(state string) trace.Kind {
	switch state {
	case "sent":
		return trace.Sent
	case "failed":
		return trace.Failed
	}
	return trace.Deferred
}

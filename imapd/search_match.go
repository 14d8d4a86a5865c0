package imapd

import (
	"bytes"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/message"
	"letterbox/store"
)

// flagKey wants flags to be set, or clear.
type flagKey struct {
	flags store.Flags
	set   bool
}

func (k flagKey) match(c *candidate) verdict {
	return verdictOf((c.entry.Flags&k.flags != 0) == k.set)
}

func (flagKey) cost() cost { return ofView }

// recentKey wants \Recent.
type recentKey struct{}

func (recentKey) match(c *candidate) verdict { return verdictOf(c.recent) }
func (recentKey) cost() cost                 { return ofView }

// numberKey names messages by sequence number.
type numberKey struct{ set imap.SeqSet }

func (k numberKey) match(c *candidate) verdict { return verdictOf(k.set.Contains(c.seq)) }
func (numberKey) cost() cost                   { return ofView }

// uidKey names messages by uid, ascending.
type uidKey struct{ set imap.UIDSet }

func (k uidKey) match(c *candidate) verdict { return verdictOf(containsUID(k.set, c.entry.UID)) }
func (uidKey) cost() cost                   { return ofView }

// sizeKey wants a size between the two, both excluded.
type sizeKey struct{ above, below int64 }

func (k sizeKey) match(c *candidate) verdict {
	var size int64
	switch {
	case c.row != nil:
		size = c.row.Size
	case c.card != nil:
		size = c.card.Size
	default:
		return undecided
	}
	return verdictOf(k.above < size && size < k.below)
}

func (sizeKey) cost() cost { return ofRow }

// idKey wants an EMAILID or THREADID (RFC 8474 section 5.3).
type idKey struct {
	thread bool
	id     int64
}

func (k idKey) match(c *candidate) verdict {
	var message, thread int64
	switch {
	case c.row != nil:
		message, thread = int64(c.row.Message), c.row.Thread
	case c.card != nil:
		message, thread = int64(c.card.Message), c.card.Thread
	default:
		return undecided
	}
	if k.thread {
		return verdictOf(thread == k.id)
	}
	return verdictOf(message == k.id)
}

func (idKey) cost() cost { return ofRow }

// dateSource is which of a message's dates counts.
type dateSource uint8

const (
	received dateSource = iota // INTERNALDATE
	sent                       // the Date field
	saved                      // SAVEDATE
)

// dateKey wants a day, the one that the date shows in its own zone (RFC 9051:
// "disregarding time and timezone"), from the first on and before the second. A
// zero time does not bound.
type dateKey struct {
	source       dateSource
	from, before time.Time
}

func (k dateKey) match(c *candidate) verdict {
	var day store.Day
	switch {
	case c.row != nil:
		day = k.ofRow(c.row)
	case c.card != nil:
		day = k.ofCard(c.card)
	default:
		return undecided
	}
	if day == store.NoDay {
		return mismatch // a message without a date is of no day
	}
	return verdictOf((k.from.IsZero() || day >= store.DayOf(k.from)) && (k.before.IsZero() || day < store.DayOf(k.before)))
}

func (k dateKey) ofRow(row *store.Row) store.Day {
	date := row.Received
	switch k.source {
	case saved:
		date = row.Saved
	case sent:
		date = message.SentDate(row.Header)
	}
	if date.IsZero() {
		return store.NoDay
	}
	return store.DayOf(date)
}

func (k dateKey) ofCard(card *store.Card) store.Day {
	switch k.source {
	case saved:
		return store.DayOf(time.Unix(card.Saved, 0))
	case sent:
		return card.SentDay
	}
	return card.ReceivedDay
}

func (k dateKey) cost() cost {
	if k.source == sent {
		return ofHeader
	}
	return ofRow
}

// ageKey compares INTERNALDATE with a moment (RFC 5032): received then or
// later, or then or earlier.
type ageKey struct {
	moment time.Time
	older  bool
}

func (k ageKey) match(c *candidate) verdict {
	var received time.Time
	switch {
	case c.row != nil:
		received = c.row.Received
	case c.card != nil:
		received = time.Unix(c.card.Received, 0)
	default:
		return undecided
	}
	if k.older {
		return verdictOf(!received.After(k.moment))
	}
	return verdictOf(!received.Before(k.moment))
}

func (ageKey) cost() cost { return ofRow }

// fieldKey wants a header field with a text in it, which is folded; of no text,
// it wants the field.
type fieldKey struct {
	name   string
	usual  bool // the row has the field
	needle []byte
	lookup lookup // of the needle in the whole header
}

func (k fieldKey) match(c *candidate) verdict {
	switch {
	case k.lookup.in(c.facts) == mismatch:
		return mismatch
	case c.row == nil:
		return undecided
	}
	found := false
	c.value, found = message.AppendHeaderText(c.value[:0], c.header(k), k.name)
	if !found {
		return mismatch
	}
	c.folded = message.AppendFold(c.folded[:0], c.value)
	return verdictOf(bytes.Contains(c.folded, k.needle))
}

func (k fieldKey) cost() cost {
	if k.usual {
		return ofHeader
	}
	return ofFields
}

// textKey wants a text anywhere in the message, or in its body: the one with
// this number among the query's needles.
type textKey struct {
	in     scope
	needle int
	lookup lookup
}

func (k textKey) match(c *candidate) verdict {
	if v := k.lookup.in(c.facts); v != undecided {
		return v
	}
	if c.row == nil {
		return undecided
	}
	return verdictOf(c.text.contains(c.row, k))
}

func (textKey) cost() cost { return ofText }

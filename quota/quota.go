// Package quota holds limits on what an account may store, the arithmetic on
// them and the words that explain them. It does no I/O and keeps no state: the
// store counts, this package judges. Resource names follow RFC 9208.
package quota

import "fmt"

// A Limit bounds what one account may hold. Zero means unlimited.
type Limit struct {
	Bytes     int64 // sum of message sizes (RFC 9208 section 5.1, STORAGE, there in units of 1024)
	Messages  int64 // number of messages (RFC 9208 section 5.2, MESSAGE)
	Mailboxes int64 // number of mailboxes (RFC 9208 section 5.3, MAILBOX)
}

// Usage is what an account holds now, in the units of Limit.
type Usage struct {
	Bytes     int64
	Messages  int64
	Mailboxes int64
}

// Names of resources.
const (
	Storage = "STORAGE"
	Message = "MESSAGE"
	Mailbox = "MAILBOX"
)

// A Resource is one thing that is counted: how much of it there is, and may be.
type Resource struct {
	Name        string
	Used, Limit int64 // Limit 0: any
}

// Resources lists what a limit bounds, limited or not.
func (l Limit) Resources(u Usage) []Resource {
	return []Resource{
		{Storage, u.Bytes, l.Bytes},
		{Message, u.Messages, l.Messages},
		{Mailbox, u.Mailboxes, l.Mailboxes},
	}
}

// OverError says which limit an addition would cross. Compare with errors.As.
type OverError struct {
	Resource string
	Limit    int64
	Wanted   int64 // what the usage would become
}

func (e *OverError) Error() string {
	switch e.Resource {
	case Storage:
		return fmt.Sprintf("mailbox is full: this would take %d of %d bytes; delete messages or ask for a larger quota", e.Wanted, e.Limit)
	case Mailbox:
		return fmt.Sprintf("too many mailboxes: this would make %d of %d; delete some or ask for a larger quota", e.Wanted, e.Limit)
	}
	return fmt.Sprintf("mailbox is full: this would make %d of %d messages; delete messages or ask for a larger quota", e.Wanted, e.Limit)
}

// Add returns the usage after adding more. It fails with an *OverError when
// that crosses a limit; removing (negative numbers) never fails.
func (l Limit) Add(now, more Usage) (Usage, error) {
	sum := Usage{
		Bytes:     now.Bytes + more.Bytes,
		Messages:  now.Messages + more.Messages,
		Mailboxes: now.Mailboxes + more.Mailboxes,
	}
	added := l.Resources(more)
	for i, r := range l.Resources(sum) {
		if r.Limit > 0 && added[i].Used > 0 && r.Used > r.Limit {
			return now, &OverError{Resource: r.Name, Limit: r.Limit, Wanted: r.Used}
		}
	}
	return sum, nil
}

// String is for logs.
func (l Limit) String() string {
	return fmt.Sprintf("bytes=%d messages=%d mailboxes=%d", l.Bytes, l.Messages, l.Mailboxes)
}

// Package quota holds limits on what an account may store, the arithmetic on
// them and the words that explain them. It does no I/O and keeps no state: the
// store counts, this package judges. Resource names follow RFC 9208.
package quota

import (
	"fmt"
	"math"
)

// A Limit bounds what one account, or all accounts of a domain together, may
// hold. Zero means unlimited.
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

// Plus is the sum.
func (u Usage) Plus(v Usage) Usage {
	return Usage{u.Bytes + v.Bytes, u.Messages + v.Messages, u.Mailboxes + v.Mailboxes}
}

// Minus is the difference.
func (u Usage) Minus(v Usage) Usage {
	return Usage{u.Bytes - v.Bytes, u.Messages - v.Messages, u.Mailboxes - v.Mailboxes}
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
	Wanted   int64  // what the usage would become
	Folder   string // whose limit it is; "": it is the account's
	Domain   bool   // the limit is that of all accounts of a domain together
	Lasting  bool   // trying again is no use: it never fits, or there was time enough to clean up
}

func (e *OverError) Error() string {
	switch {
	case e.Domain:
		return fmt.Sprintf("the domain's accounts together are full: this would make %d of %d (%s); delete messages or ask for a larger quota", e.Wanted, e.Limit, e.Resource)
	case e.Folder != "" && e.Resource == Storage:
		return fmt.Sprintf("folder %q is full: this would take %d of %d bytes; move or delete messages there, or ask for a larger limit", e.Folder, e.Wanted, e.Limit)
	case e.Folder != "":
		return fmt.Sprintf("folder %q is full: this would make %d of %d messages; move or delete some, or ask for a larger limit", e.Folder, e.Wanted, e.Limit)
	case e.Resource == Storage:
		return fmt.Sprintf("mailbox is full: this would take %d of %d bytes; delete messages or ask for a larger quota", e.Wanted, e.Limit)
	case e.Resource == Mailbox:
		return fmt.Sprintf("too many mailboxes: this would make %d of %d; delete some or ask for a larger quota", e.Wanted, e.Limit)
	}
	return fmt.Sprintf("mailbox is full: this would make %d of %d messages; delete messages or ask for a larger quota", e.Wanted, e.Limit)
}

// Unlimited, in what is set for one account, lifts a limit that others of its
// domain have. See Or.
const Unlimited = -1

// Or completes what is set for one account with what holds for all of its domain:
// zero there means that nothing of its own is set.
func (l Limit) Or(domain Limit) Limit {
	pick := func(own, common int64) int64 {
		if own == 0 {
			own = common
		}
		return max(own, 0)
	}
	return Limit{
		Bytes:     pick(l.Bytes, domain.Bytes),
		Messages:  pick(l.Messages, domain.Messages),
		Mailboxes: pick(l.Mailboxes, domain.Mailboxes),
	}
}

// Own says "unlimited" where a limit says nothing, so that no limit of the domain
// takes that place.
func (l Limit) Own() Limit {
	for _, n := range []*int64{&l.Bytes, &l.Messages, &l.Mailboxes} {
		if *n == 0 {
			*n = Unlimited
		}
	}
	return l
}

// Grace is by how much of a limit, in percent, mail that arrives may go beyond
// it: whoever wrote it cannot clean up here.
type Grace int

// With widens the limits of storage and messages by a grace.
func (l Limit) With(g Grace) Limit {
	wider := func(n int64) int64 {
		return n + min(n/100*int64(g)+n%100*int64(g)/100, math.MaxInt64-n)
	}
	l.Bytes, l.Messages = wider(l.Bytes), wider(l.Messages)
	return l
}

// Add returns the usage after adding more. It fails with an *OverError when
// that crosses a limit; removing (negative numbers) never fails.
func (l Limit) Add(now, more Usage) (Usage, error) {
	sum := now.Plus(more)
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

// Package quota holds limits on what an account may store, the arithmetic on
// them and the words that explain them. It does no I/O and keeps no state: the
// store counts, this package judges. Resource names follow RFC 9208.
package quota

import "fmt"

// A Limit bounds what one account may hold. Zero means unlimited.
type Limit struct {
	Bytes    int64 // sum of message sizes (RFC 9208 section 5.1, STORAGE, there in units of 1024)
	Messages int64 // number of messages (RFC 9208 section 5.2, MESSAGE)
}

// Usage is what an account holds now, in the units of Limit.
type Usage struct {
	Bytes    int64
	Messages int64
}

// OverError says which limit an addition would cross. Compare with errors.As.
type OverError struct {
	Resource string // "STORAGE" or "MESSAGE"
	Limit    int64
	Wanted   int64 // what the usage would become
}

func (e *OverError) Error() string {
	if e.Resource == "STORAGE" {
		return fmt.Sprintf("mailbox is full: this would take %d of %d bytes; delete messages or ask for a larger quota", e.Wanted, e.Limit)
	}
	return fmt.Sprintf("mailbox is full: this would make %d of %d messages; delete messages or ask for a larger quota", e.Wanted, e.Limit)
}

// Add returns the usage after adding more. It fails with an *OverError when
// that crosses the limit; removing (negative numbers) never fails.
func (l Limit) Add(now, more Usage) (Usage, error) {
	sum := Usage{Bytes: now.Bytes + more.Bytes, Messages: now.Messages + more.Messages}
	if l.Bytes > 0 && more.Bytes > 0 && sum.Bytes > l.Bytes {
		return now, &OverError{Resource: "STORAGE", Limit: l.Bytes, Wanted: sum.Bytes}
	}
	if l.Messages > 0 && more.Messages > 0 && sum.Messages > l.Messages {
		return now, &OverError{Resource: "MESSAGE", Limit: l.Messages, Wanted: sum.Messages}
	}
	return sum, nil
}

package store

import "context"

// RescueReport says what Rescue found.
type RescueReport struct {
	Records  int64 // whole records in the packs
	Restored int64 // messages added
	Present  int64 // messages that were there already
	Damaged  int64 // records whose body cannot be read
}

// Rescue rebuilds accounts from the packs alone: each recipient of each record
// gets the message in the folder of its delivery, with the date, flags and
// header lines of its delivery. accountFor finds or makes the account of an
// address. What an account has already (same body, same prefix) is passed over,
// so that it can be run again and against a database that knows a part. was, if
// not nil, tells folder and flags as they were last. progress, if not nil, is
// called now and then with the number of records done.
func (s *Store) Rescue(ctx context.Context, accountFor func(address string) (AccountID, error), was *Salvaged, progress func(done int64)) (RescueReport, error) {
	panic("stub")
}

// Salvaged is what could still be read of a damaged database.
type Salvaged struct{}

// Salvage reads what can still be read of the mailboxes, entries and flags in
// the database at path, which it does not change.
func Salvage(ctx context.Context, path string) (*Salvaged, error) {
	panic("stub")
}

package store

import (
	"context"
	"time"
)

// Sweep forgets bodies that nobody has referred to for longer than grace, and
// compacts packs that are mostly dead.
func (s *Store) Sweep(ctx context.Context, grace time.Duration) error { panic("stub") }

// CheckReferences recounts every reference (the monthly mark and sweep), mends
// the counts and returns how many were wrong. Records in packs that no row
// knows are freed.
func (s *Store) CheckReferences(ctx context.Context) (wrong int, err error) { panic("stub") }

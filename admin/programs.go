package admin

import "time"

// A program is a mail program that is connected now.
type program struct {
	ID       int64
	Name     string
	Protocol string
	Remote   string
	Since    time.Time
}

func (v *visit) programs() []program { return nil }

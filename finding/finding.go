// Package finding is the shape of what the appliance finds wrong: with itself,
// and with how somebody's mail program is set up. What is found is said in the
// reader's language by whoever shows it; here it is data.
package finding

import (
	"cmp"
	"slices"
	"time"
)

// Severity says how soon somebody should act.
type Severity int

// The severities, the graver one larger.
const (
	Amber Severity = iota + 1 // works, but not as it should
	Red                       // mail does not work for somebody, or a secret is in danger
)

// A Finding is one thing that is wrong and can be mended.
//
// The texts that belong to it are found by its Kind: what it means, what was
// seen, what to do, and how we will know that it is mended. Their values are
// Args, in an order that each kind documents.
type Finding struct {
	Kind     string // "polling"; see the package that finds it
	Subject  string // whom it is about: an address, a device, a domain; "" for the whole
	Severity Severity
	Args     []any

	// Client is the family of mail programs ("thunderbird") for which the remedy
	// is worded; "" for any.
	Client string

	// Words are the texts where they are not those of the kind; nil: they are.
	Words *Words

	Times int       // how often it was seen
	First time.Time // when it was first seen, and when last
	Last  time.Time
}

// ID names the finding: the same one the next time it is seen, whatever the
// figures are by then, so that it can be dismissed.
func (f Finding) ID() string { return f.Kind + ":" + f.Subject }

// Sort puts the graver before the others, and those that were seen last first.
func Sort(list []Finding) {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(b.Severity, a.Severity),
			b.Last.Compare(a.Last),
			cmp.Compare(a.ID(), b.ID()),
		)
	})
}

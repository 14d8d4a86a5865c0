package junk

import (
	"cmp"
	"math"
	"slices"
)

// Parameters of the combination. Nothing changes much when they do.
const (
	doubt      = 0.35 // how many lessons the belief before them is worth
	telltale   = 0.1  // features nearer than this to even odds say nothing
	mostTold   = 150  // features that count of a message: the most telling
	steadiness = 0.5  // what is added to each count: small numbers prove little
)

// A Hint is how much a feature speaks for junk: from 0, wanted, to 1, junk.
type Hint struct {
	Word string
	Odds float64
}

// odds is how much a feature speaks for junk, given what to believe before
// anything is known. Frequencies are within each class, so that it does not matter
// how much of each was learned; and since a few lessons say little about what a
// class never has, no count is taken as nothing.
func (m *Model) odds(n uint32, before float64) (odds float64, seen int) {
	k := m.features[n]
	seen = int(k.count[Wanted]) + int(k.count[Junk])
	if seen == 0 {
		return before, 0
	}
	frequency := func(c Class, before float64) float64 {
		return (float64(k.count[c]) + 2*steadiness*before) / (float64(m.lessons[c]) + 2*steadiness)
	}
	wanted, junk := frequency(Wanted, 1-before), frequency(Junk, before)
	p := junk / (junk + wanted)
	return (doubt*before + float64(seen)*p) / (doubt + float64(seen)), seen
}

// hints finds what the features of a message say, the loudest first. What shared
// knows is believed until m knows better.
func hints(m, shared *Model, features Features) (list []Hint) {
	for _, f := range features {
		odds, seen, more := 0.5, 0, 0
		if shared != nil {
			odds, seen = shared.odds(f.Number, odds)
		}
		if m != nil {
			odds, more = m.odds(f.Number, odds)
		}
		if seen+more > 0 && math.Abs(odds-0.5) >= telltale {
			list = append(list, Hint{f.Word, odds})
		}
	}
	slices.SortFunc(list, func(a, b Hint) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Odds-0.5), math.Abs(a.Odds-0.5)), cmp.Compare(a.Word, b.Word))
	})
	return list[:min(len(list), mostTold)]
}

// combine is Fisher's method, as Robinson uses it: if the hints were those of a
// message that tells nothing, how surprising were so many for junk, and how
// surprising so many against? From 0, wanted, to 1, junk.
func combine(list []Hint) float64 {
	if len(list) == 0 {
		return 0.5
	}
	var forJunk, against float64 // logarithms
	for _, h := range list {
		p := min(max(h.Odds, 0.0001), 0.9999)
		forJunk += math.Log(p)
		against += math.Log(1 - p)
	}
	junk := 1 - tail(-2*against, len(list))
	wanted := 1 - tail(-2*forJunk, len(list))
	return (1 + junk - wanted) / 2
}

// tail is how likely a sum of the squares of 2n normal values is above x: the upper
// tail of the chi-square distribution with 2n degrees of freedom. It is summed in
// logarithms, since with many hints its terms leave the range of numbers.
func tail(x float64, n int) float64 {
	half := x / 2
	if half <= 0 {
		return 1
	}
	term := -half
	sum := term
	for i := 1; i < n; i++ {
		term += math.Log(half) - math.Log(float64(i))
		high, low := max(sum, term), min(sum, term)
		sum = high + math.Log1p(math.Exp(low-high))
	}
	return min(1, math.Exp(sum))
}

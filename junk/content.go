package junk

import "math"

// Content is what its words say about a message.
type Content struct {
	Points float64 // above 0 for junk; see Score
	Hints  []Hint  // the loudest first
}

// Enough is how many lessons of each class there must be for the content to count
// in full.
const Enough = 20

// Content is measured in points such that the threshold that is safe for what is
// wanted is at the default of 5. What Bayes says is bounded: it is soon very sure.
const (
	surest      = 7    // of the logarithm of Bayes' odds
	toPoints    = 0.88 // points for each step of that and of the weights together
	ownLessons  = 50   // lessons at which an account's weights count as much as all accounts'
	mostContent = 12   // points
)

// Read judges the features of a message by what the account has learned and what
// all accounts have; each may be nil. It says nothing while too little was learned.
func readContent(own, shared *Model, features Features) Content {
	trust := trust(own, shared)
	if trust == 0 || len(features) == 0 {
		return Content{}
	}
	list := hints(own, shared, features)
	p := combine(list)
	sum := min(max(math.Log((p+1e-9)/(1-p+1e-9)), -surest), surest)
	sum += weighBoth(own, shared, features.Numbers())
	return Content{min(max(trust*toPoints*sum, -mostContent), mostContent), list}
}

// weighBoth believes the account more, the more it has taught.
func weighBoth(own, shared *Model, numbers []uint32) float64 {
	switch {
	case shared.knowsNothing():
		return own.weigh(numbers)
	case own.knowsNothing():
		return shared.weigh(numbers)
	}
	n := float64(min(own.Lessons(Wanted), own.Lessons(Junk)))
	share := n / (n + ownLessons)
	return share*own.weigh(numbers) + (1-share)*shared.weigh(numbers)
}

// trust grows with what was learned of the class of which less was.
func trust(own, shared *Model) float64 {
	least := max(min(own.Lessons(Wanted), own.Lessons(Junk)), min(shared.Lessons(Wanted), shared.Lessons(Junk)))
	return min(1, float64(least)/Enough)
}

package junk

import (
	"math"
	"math/rand/v2"
)

// Learning weights is logistic regression, one lesson after another. Words that
// come together (those of a mailing list's footer, say) are counted once for each
// by Bayes; here they share one correction between them.
const (
	rate      = 3   // how far one mistake is corrected
	biasRate  = 0.3 // likewise, of what is believed of a message without looking
	rounds    = 8   // how often all lessons are gone through
	satisfied = 1.5 // what was just taught is to be told right by so much
	insist    = 5   // tries to get there
)

// A Lesson is a message that somebody called junk or wanted.
type Lesson struct {
	Class   Class
	Numbers []uint32 // of its features, ascending
}

// weigh says on which side a message is: below 0 wanted, above 0 junk, in
// logarithms of the odds.
func (m *Model) weigh(numbers []uint32) float64 {
	var sum float32
	for _, n := range numbers {
		sum += m.features[n].weight
	}
	return float64(sum/scale(numbers) + m.bias)
}

// scale keeps long messages from shouting.
func scale(numbers []uint32) float32 { return float32(math.Sqrt(float64(len(numbers) + 1))) }

// practise corrects the weights by what they say wrongly of a lesson that was
// taught.
func (m *Model) practise(l Lesson) {
	p := 1 / (1 + math.Exp(-m.weigh(l.Numbers)))
	wrong := (float64(l.Class) - p) * m.care(l.Class)
	step := float32(rate*wrong) / scale(l.Numbers)
	for _, n := range l.Numbers {
		if k, known := m.features[n]; known {
			k.weight += step
			m.features[n] = k
		}
	}
	m.bias += float32(biasRate * wrong)
}

// care makes up for there being few lessons of what is wanted: somebody who only
// ever calls things junk has not said that everything is.
func (m *Model) care(c Class) float64 {
	if c == Junk || m.lessons[Wanted] == 0 {
		return 1
	}
	return min(max(1, float64(m.lessons[Junk])/float64(m.lessons[Wanted])), 4)
}

// Learn makes a model of lessons. The same lessons in the same order make the same
// model.
func Learn(lessons []Lesson) *Model {
	m := NewModel()
	for _, l := range lessons {
		m.Teach(l.Class, l.Numbers)
	}
	order := rand.New(rand.NewPCG(1, uint64(len(lessons))))
	for range rounds {
		for _, i := range order.Perm(len(lessons)) {
			m.practise(lessons[i])
		}
	}
	return m
}

// Add teaches one more lesson, until it is told right.
func (m *Model) Add(l Lesson) {
	m.Teach(l.Class, l.Numbers)
	for range insist {
		if side := m.weigh(l.Numbers); l.Class == Junk && side > satisfied || l.Class == Wanted && side < -satisfied {
			return
		}
		m.practise(l)
	}
}

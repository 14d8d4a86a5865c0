package junk

import "math"

// A Class is what a message is taken for.
type Class uint8

const (
	Wanted Class = iota
	Junk
)

// A Model is what was learned from lessons, in two ways that make up for each
// other's mistakes: how many lessons of each class have a feature (see bayes.go),
// and a weight for each feature that is corrected by what is judged wrongly (see
// weights.go). The counts are the sum of the lessons: teaching and unteaching the
// same leaves no trace in them. A Model is not safe for concurrent use.
type Model struct {
	lessons  [2]int
	bias     float32
	features map[uint32]knowledge
}

// knowledge is what is known of a feature.
type knowledge struct {
	count  [2]uint16 // lessons of each class that have it
	weight float32
}

// NewModel knows nothing.
func NewModel() *Model { return &Model{features: map[uint32]knowledge{}} }

// Lessons returns how many messages of a class were learned.
func (m *Model) Lessons(c Class) int {
	if m == nil {
		return 0
	}
	return m.lessons[c]
}

// knowsNothing reports whether no lesson was learned; of no model, too.
func (m *Model) knowsNothing() bool { return m.Lessons(Wanted)+m.Lessons(Junk) == 0 }

// Size returns how many features are known.
func (m *Model) Size() int { return len(m.features) }

// Teach counts a message. Numbers are those of Features.Numbers.
func (m *Model) Teach(c Class, numbers []uint32) {
	m.lessons[c]++
	for _, n := range numbers {
		k := m.features[n]
		if k.count[c] < math.MaxUint16 {
			k.count[c]++
		}
		m.features[n] = k
	}
}

// Unteach takes a message out of the counts again. Features that no lesson has any
// more are forgotten whole.
func (m *Model) Unteach(c Class, numbers []uint32) {
	m.lessons[c] = max(0, m.lessons[c]-1)
	for _, n := range numbers {
		k, known := m.features[n]
		if !known || k.count[c] == 0 {
			continue
		}
		k.count[c]--
		if k.count == [2]uint16{} {
			delete(m.features, n)
			continue
		}
		m.features[n] = k
	}
}

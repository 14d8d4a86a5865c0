package junk

// A Trainee learns lessons and judges by them alone, without a mail store: for
// those who measure.
type Trainee struct{ one account }

// NewTrainee learns lessons.
func NewTrainee(lessons []Lesson) *Trainee {
	t := &Trainee{}
	t.one.model = Learn(lessons)
	for i, l := range lessons {
		t.one.sketches = append(t.one.sketches, sketch{int64(i), l.Class, newSketch(l.Numbers)})
	}
	return t
}

// Add learns one more.
func (t *Trainee) Add(l Lesson) {
	t.one.add(keptLesson{Lesson: l, id: int64(len(t.one.sketches))})
}

// Size returns how many features are known.
func (t *Trainee) Size() int { return t.one.model.Size() }

// Words returns the points that the words of a message count for.
func (t *Trainee) Words(f Features) float64 { return readContent(t.one.model, nil, f).Points }

// Points returns those, and what likeness to a lesson counts for.
func (t *Trainee) Points(f Features) float64 {
	points := t.Words(f)
	if _, found := t.one.alike(f); found {
		points += pointsAlike
	}
	return points
}

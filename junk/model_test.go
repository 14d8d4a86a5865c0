package junk

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func numbersOf(t *rapid.T, name string) []uint32 {
	list := rapid.SliceOfDistinct(rapid.Uint32Range(0, 40), func(n uint32) uint32 { return n }).Draw(t, name)
	slices.Sort(list)
	return list
}

// Teaching messages and unteaching them in any order leaves the counts as they were
// before.
func TestUnteachingLeavesNoTrace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := NewModel()
		for i := range rapid.IntRange(0, 5).Draw(t, "before") {
			m.Add(Lesson{Class(i % 2), numbersOf(t, "lesson")})
		}
		before := counts(m)
		var taught []Lesson
		for range rapid.IntRange(0, 8).Draw(t, "more") {
			l := Lesson{Class(rapid.IntRange(0, 1).Draw(t, "class")), numbersOf(t, "lesson")}
			m.Add(l)
			taught = append(taught, l)
		}
		for _, i := range rapid.Permutation(indexes(len(taught))).Draw(t, "order") {
			m.Unteach(taught[i].Class, taught[i].Numbers)
		}
		if after := counts(m); after != before {
			t.Fatalf("counts were %s and are %s", before, after)
		}
	})
}

func indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// What was never taught cannot be untaught: no count falls below nothing.
func TestUnteachingTooMuch(t *testing.T) {
	t.Parallel()
	m := NewModel()
	m.Teach(Junk, []uint32{1, 2})
	for range 3 {
		m.Unteach(Junk, []uint32{1, 2, 3})
		m.Unteach(Wanted, []uint32{1})
	}
	if m.Lessons(Junk) != 0 || m.Lessons(Wanted) != 0 || m.Size() != 0 {
		t.Errorf("left are %d, %d lessons and %d features", m.Lessons(Junk), m.Lessons(Wanted), m.Size())
	}
}

// Learning all lessons at once comes to the same counts as one after the other.
func TestLearnIsTheSumOfItsLessons(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var lessons []Lesson
		m := NewModel()
		for i := range rapid.IntRange(0, 10).Draw(t, "lessons") {
			l := Lesson{Class(i % 2), numbersOf(t, "lesson")}
			lessons = append(lessons, l)
			m.Add(l)
		}
		if got, want := counts(Learn(lessons)), counts(m); got != want {
			t.Fatalf("at once %s, one by one %s", got, want)
		}
	})
}

func TestLessonsAreKeptWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfDistinct(rapid.Uint32(), func(n uint32) uint32 { return n }).Draw(t, "numbers")
		slices.Sort(list)
		got, err := DecodeLesson(EncodeLesson(list))
		if err != nil || !slices.Equal(got, list) {
			t.Fatalf("%v became %v, %v", list, got, err)
		}
	})
}

func FuzzDecodeLesson(f *testing.F) {
	f.Add(EncodeLesson([]uint32{0, 1, 4294967295}))
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		numbers, err := DecodeLesson(b)
		if err == nil && !slices.IsSorted(numbers) {
			t.Errorf("%x became %v", b, numbers)
		}
	})
}

// The tail of the chi-square distribution, against values of tables.
func TestTail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		x    float64
		n    int
		want float64
	}{{0, 3, 1}, {5.991, 1, 0.05}, {18.307, 5, 0.05}, {15.987, 5, 0.10}, {124.342, 50, 0.05}, {1e6, 100, 0}} {
		if got := tail(c.x, c.n); got < c.want-0.0005 || got > c.want+0.0005 {
			t.Errorf("tail(%v, %d) = %v, want %v", c.x, c.n, got, c.want)
		}
	}
}

// A few lessons of one class alone decide nothing.
func TestFewLessonsDecideNothing(t *testing.T) {
	t.Parallel()
	var lessons []Lesson
	for i := range 60 {
		lessons = append(lessons, Lesson{Junk, Read([]byte(pills(i))).Numbers()})
	}
	if p := NewTrainee(lessons).Words(Read([]byte(news(1)))); p != 0 {
		t.Errorf("after junk alone: %v points", p)
	}
	for i := range 4 {
		lessons = append(lessons, Lesson{Wanted, Read([]byte(news(i))).Numbers()})
	}
	if p := NewTrainee(lessons).Words(Read([]byte(pills(99)))); p >= DefaultThreshold {
		t.Errorf("after four that are wanted: %v points", p)
	}
}

package imapd

import (
	"bytes"
	"testing"

	"letterbox/message"
)

func TestFuzzyScore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		low, high     uint8
	}{
		{"timetable", "The timetable follows", 100, 100},
		{"time table", "table and time", 90, 90}, // other order
		{"timetabel", "The timetable follows", 30, 89},
		{"tmietabel", "The timetable follows", 30, 60},
		{"tmietabel", "the times and tables", 0, 0},
		{"Müler", "Herr Müller", 30, 89},
		{"helo", "hello", 30, 89},
		{"wrold", "world", 30, 89},
		{"ab", "ba", 0, 0}, // short words are matched as they are
		{"", "anything", 100, 100},
		{"!?", "anything", 0, 0},
		{"table", "stables", 90, 100},
		{"xyz", "", 0, 0},
	} {
		fold := func(s string) []byte { return message.AppendFold(nil, []byte(s)) }
		if got := newPattern(fold(c.pattern)).score(fold(c.text)); got < c.low || got > c.high {
			t.Errorf("%q in %q: %d, want %d to %d", c.pattern, c.text, got, c.low, c.high)
		}
	}
}

// What is there is found, and scores are percentages.
func FuzzFuzzy(f *testing.F) {
	f.Add([]byte("wrold"), []byte("hello, world"))
	f.Add([]byte("\u0301a"), []byte("b\u0301a\xff"))
	f.Fuzz(func(t *testing.T, pattern, text []byte) {
		score := newPattern(pattern).score(text)
		if score > maxScore || bytes.Contains(text, pattern) && score != maxScore {
			t.Errorf("%q in %q: %d", pattern, text, score)
		}
	})
}

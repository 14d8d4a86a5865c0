package junk

import "slices"

// A sketch is enough of a message to tell whether another is nearly the same: the
// lowest of its numbers. As these are as good as drawn by lot, the share of two
// sketches that is common is that of the messages.
type sketch struct {
	lesson  int64
	class   Class
	numbers []uint32 // ascending, at most sketchSize
}

const (
	sketchSize = 24
	nearly     = 0.75 // the share from which on messages are nearly the same
)

func newSketch(numbers []uint32) []uint32 {
	return slices.Clone(numbers[:min(len(numbers), sketchSize)]) // and not the whole behind it
}

// likeness is the estimated share of what two messages have in common of what they
// have together; 0 for messages too short to say.
func likeness(a, b []uint32) float64 {
	if len(a) < sketchSize || len(b) < sketchSize {
		return 0
	}
	common, i, j := 0, 0, 0
	for range sketchSize { // the lowest numbers of both together
		switch {
		case a[i] == b[j]:
			common++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
		if i == len(a) || j == len(b) {
			break
		}
	}
	return float64(common) / sketchSize
}

// nearest finds the lesson that is most like a message; of equals the later one.
func nearest(list []sketch, numbers []uint32) (best sketch, share float64) {
	of := newSketch(numbers)
	for _, s := range list {
		if l := likeness(of, s.numbers); l > 0 && l >= share {
			best, share = s, l
		}
	}
	return best, share
}

// alike reports whether a message is nearly the same as a lesson of junk, and less
// like any that is wanted.
func (one *account) alike(f Features) (share float64, found bool) {
	s, share := nearest(one.sketches, f.Numbers())
	return share, share >= nearly && s.class == Junk
}

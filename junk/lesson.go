package junk

import (
	"encoding/binary"
	"errors"
)

// errBadLesson says that a lesson in the database is none.
var errBadLesson = errors.New("a lesson is damaged")

// EncodeLesson writes ascending numbers compactly: each as its distance from the
// one before, some three bytes.
func EncodeLesson(numbers []uint32) []byte {
	b := make([]byte, 0, 4*len(numbers))
	last := uint32(0)
	for _, n := range numbers {
		b = binary.AppendUvarint(b, uint64(n-last))
		last = n
	}
	return b
}

// DecodeLesson is the reverse of EncodeLesson.
func DecodeLesson(b []byte) ([]uint32, error) {
	numbers := make([]uint32, 0, len(b)/3)
	last := uint64(0)
	for i := 0; len(b) > 0; i++ {
		step, n := binary.Uvarint(b)
		if n <= 0 || step > 1<<32-1-last || i > 0 && step == 0 {
			return nil, errBadLesson
		}
		last += step
		numbers = append(numbers, uint32(last))
		b = b[n:]
	}
	return numbers, nil
}

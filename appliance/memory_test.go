package appliance

import (
	"runtime"
	"testing"
)

func TestMemoryIsGivenBackWhenQuiet(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for _, test := range []struct {
		name      string
		last, now heap
		want      bool
	}{
		{"after a burst", heap{allocated: 500 * mb}, heap{500*mb + 100, 10 * mb, 40 * mb}, true},
		{"in a burst", heap{allocated: 500 * mb}, heap{550 * mb, 10 * mb, 40 * mb}, false},
		{"nothing to give", heap{allocated: 500 * mb}, heap{500 * mb, 10 * mb, 2 * mb}, false},
		{"a trickle beside much", heap{allocated: 500 * mb}, heap{500 * mb, 100 * mb, 20 * mb}, false},
		{"much beside much", heap{allocated: 500 * mb}, heap{500 * mb, 100 * mb, 30 * mb}, true},
	} {
		if got := test.now.isQuiet(test.last, thriftEvery) && test.now.isWasteful(); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

// Who has nothing to do looks ever more rarely, and at once again when something
// happens; what is allocated meanwhile is measured by the time that it took.
func TestThriftRests(t *testing.T) {
	t.Parallel()
	wait := thriftEvery
	for range 10 {
		wait = nextThrift(wait, true)
	}
	if wait != thriftRest || nextThrift(wait, false) != thriftEvery {
		t.Errorf("it rests for %v", wait)
	}
	const mb = 1 << 20
	if trickle := (heap{allocated: 10 * mb}); !trickle.isQuiet(heap{}, thriftRest) || trickle.isQuiet(heap{}, thriftEvery) {
		t.Error("10 MB are little in half a minute, and much in two seconds")
	}
}

// What was allocated and is garbage counts as held, or has been collected.
func TestHeapIsRead(t *testing.T) {
	t.Parallel()
	runtime.GC() // else nothing has been found alive yet
	before := readHeap()
	garbage := make([]byte, 64<<20)
	garbage[0] = 1
	after := readHeap()
	if after.allocated-before.allocated < uint64(len(garbage)) || after.alive == 0 {
		t.Errorf("%+v, then %+v", before, after)
	}
}

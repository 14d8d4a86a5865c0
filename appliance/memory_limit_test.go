package appliance

import (
	"math"
	"testing"
)

// What is left for Go of small and large machines; some of each is SQLite's and
// the code's.
func TestHeapLimit(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for _, c := range []struct {
		usable uint64
		limit  int64
		short  bool
	}{
		{16 * mb, 8 * mb, true}, // not enough, but it must not thrash for 0
		{58 * mb, 30 * mb, true},
		{230 * mb, 202 * mb, false}, // half of a Raspberry Pi Zero
		{4096 * mb, 4068 * mb, false},
	} {
		if got := heapLimit(c.usable); got != c.limit || isShort(got) != c.short {
			t.Errorf("of %d MB: %d MB, short: %t", c.usable/mb, got/mb, isShort(got))
		}
	}
	if isShort(math.MaxInt64) {
		t.Error("no limit is no shortness")
	}
}

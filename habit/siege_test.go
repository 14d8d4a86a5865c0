package habit

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// TestStolenPassword: wrong codes behind the right password are a finding, unless the
// user mistypes where they were in before.
func TestStolenPassword(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	w := New(func() time.Time { return now })
	home := netip.MustParseAddr("192.0.2.1")
	for range 20 {
		w.WrongCode("anna@example.org", home, true)
	}
	for i := range guessedCodes {
		if list := w.Findings(); len(list) > 0 {
			t.Fatalf("found after %d: %v", i, list)
		}
		w.WrongCode("anna@example.org", netip.MustParseAddr(fmt.Sprintf("198.51.100.%d", i%3)), false)
	}
	list := w.Findings()
	if len(list) != 1 || list[0].Kind != Stolen || fmt.Sprint(list[0].Args) != "[anna@example.org 5 3]" {
		t.Errorf("found %v", list)
	}
}

package store

import (
	"runtime"
	"testing"
)

// What is made to look a text up is as much as the index has candidates, however
// large the mailbox is. This test runs alone: it counts what the process allocates.
func TestSieveDoesNotGrowWithTheMailbox(t *testing.T) {
	h := build(t).alone()
	small, large := h.box("INBOX"), h.box("Archive")
	h.fill(small, 100)
	h.fill(large, 4000)
	must(t, h.IndexNow(t.Context(), alice))
	made := func(m MailboxID) uint64 {
		least := ^uint64(0)
		for range 5 { // the first one reads the catalog; what others do behind must not count
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := h.Sieve(t.Context(), m, []Needle{{Text: []byte("letter 77"), In: WholeText}})
			runtime.ReadMemStats(&after)
			must(t, err)
			least = min(least, after.TotalAlloc-before.TotalAlloc)
		}
		return least
	}
	few, many := made(small), made(large)
	if many > few+few/4+2048 {
		t.Errorf("%d bytes in a small mailbox, %d in a large one", few, many)
	}
}

package imapd

import (
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
	"pgregory.net/rapid"
)

// numbersIn gathers the messages of threads.
func numbersIn(list []*threadNode) (all []uint32) {
	for _, t := range list {
		if t.threaded != nil {
			all = append(all, t.number)
		} else if len(t.children) < 2 {
			all = append(all, 0) // a dummy that holds nothing together
		}
		all = append(all, numbersIn(t.children)...)
	}
	return all
}

// Whatever messages say of each other, every algorithm tells each exactly once.
func TestThreadsAreWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var messages []threaded
		id := rapid.Uint64Range(0, 12)
		for n := range rapid.IntRange(0, 20).Draw(t, "messages") {
			subject := rapid.Uint32Range(0, 3).Draw(t, "subject")
			messages = append(messages, threaded{uint32(n) + 1, &store.Card{
				UID:        imap.UID(n) + 1,
				ID:         id.Draw(t, "id"),
				References: rapid.SliceOfN(rapid.Uint64Range(1, 12), 0, 4).Draw(t, "references"),
				Sent:       rapid.Int64Range(0, 5).Draw(t, "sent"),
				Received:   rapid.Int64Range(0, 5).Draw(t, "received"),
				Reply:      rapid.Bool().Draw(t, "reply"),
				Subject:    store.Word(subject),
			}, subject})
		}
		var want []uint32
		for n := range messages {
			want = append(want, uint32(n)+1)
		}
		for name, algorithm := range threadAlgorithms() {
			got := numbersIn(algorithm(slices.Clone(messages)))
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s of %d messages tells %v", name, len(messages), got)
			}
		}
	})
}

// A line of replies without end, and a loop, end.
func TestThreadsAreBounded(t *testing.T) {
	t.Parallel()
	const n = 3 * maxThreadDepth
	messages := make([]threaded, n)
	for i := range messages {
		messages[i] = threaded{uint32(i) + 1, &store.Card{UID: imap.UID(i) + 1, ID: uint64(i) + 1, References: []uint64{uint64(i+n-1)%n + 1}}, 0}
	}
	for name, algorithm := range threadAlgorithms() {
		threads := algorithm(slices.Clone(messages))
		if got := numbersIn(threads); len(got) != n {
			t.Errorf("%s tells %d of %d messages", name, len(got), n)
		}
	}
}

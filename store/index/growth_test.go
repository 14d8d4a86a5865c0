package index

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// worded makes messages of words, most of which stand in others, too.
func worded(random *rand.Rand, from, to int64) (docs []Doc) {
	for id := from; id < to; id++ {
		var text []byte
		for range 40 {
			for word := random.IntN(3000); word > 0; word /= 20 {
				text = append(text, "bklmnrstvzpdfghjaeio"[word%20])
			}
			text = append(text, ' ')
		}
		docs = append(docs, Doc{id, text[:60], text[60:]})
	}
	return docs
}

// What is written to index a message is little, and grows by no more than the
// logarithm of what is indexed already, which is the levels of FTS5's segments.
func TestAddingDoesNotGrow(t *testing.T) {
	t.Parallel()
	const batch, measured, many = 250, 1000, 10_000
	openSet(t, t.TempDir()).use(t, func(x *Index) error {
		random := rand.New(rand.NewPCG(1, 7))
		written := func() (rows float64) { // one adds at a time, over the one connection that is kept
			must(t, x.db.QueryRow(`SELECT total_changes()`).Scan(&rows))
			return rows
		}
		addUpTo := func(last int64) {
			for next := int64(x.Len()) + 1; next <= last; next += batch {
				must(t, x.Add(t.Context(), "here", worded(random, next, next+batch), nil))
			}
		}
		of := func(last int64) float64 {
			addUpTo(last - measured)
			before := written()
			addUpTo(last)
			return (written() - before) / measured
		}
		first, later := of(measured), of(many)
		t.Logf("rows written for each message: %.2f among %d, %.2f among %d", first, measured, later, many)
		if later > 8 || later > 1.25*first {
			t.Error("they are many, or grow")
		}
		return nil
	})
}

// The list of what is held is copied a few times while it grows, not with each
// batch; and who was handed it keeps what it was.
func TestHolding(t *testing.T) {
	t.Parallel()
	x := &Index{}
	moved, begin := 0, (*int64)(nil)
	for id := int64(1); id < 100_000; id += 2 {
		before := x.IDs()
		x.hold([]Doc{{ID: 2*id + 2}, {ID: 2 * id}})
		if &x.ids[0] != begin {
			begin = &x.ids[0]
			moved++
		}
		if len(before) != x.Len()-2 || len(before) > 0 && before[len(before)-1] != 2*id-2 {
			t.Fatalf("what was handed out has become %d long", len(before))
		}
	}
	if moved > 50 {
		t.Errorf("the list was copied %d times", moved)
	}
	before := slices.Clone(x.IDs())
	handed := x.IDs()
	x.hold([]Doc{{ID: 777}, {ID: 555}})
	if !slices.Equal(handed, before) || !slices.IsSorted(x.IDs()) || x.Len() != len(before)+2 || !x.Has(555) {
		t.Error("ids that came late spoil the list")
	}
}

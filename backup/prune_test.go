package backup

import (
	"os"
	"testing"
	"time"
)

// TestPruneKeepsWhatIsNeeded takes many snapshots on a clock of its own, prunes
// after each, and reads everything that is still listed.
func TestPruneKeepsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	clock := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	h.keeper.now = func() time.Time { return clock }
	target := folderTarget(t)
	keep, err := ParseSchedule("every 6h, keep 3 hourly, 2 daily, 1 weekly")
	must(t, err)
	removed := 0
	for round := range 12 {
		h.receive(t, "INBOX", 40)
		if round%3 == 2 {
			h.empty(t, "INBOX")
			must(t, h.store.Sweep(t.Context(), -time.Hour))
		}
		take(t, h, target)
		backdate(t, target, clock)
		p, err := h.keeper.Prune(t.Context(), target, keep, false)
		must(t, err)
		removed += p.Bundles - p.Waiting
		v, err := h.keeper.Verify(t.Context(), target)
		must(t, err)
		if len(v.Problems) > 0 || v.Snapshots != len(p.Kept) {
			t.Fatalf("round %d: %d snapshots, kept %v: %v", round, v.Snapshots, p.Kept, v.Problems)
		}
		clock = clock.Add(6 * time.Hour)
	}
	if removed == 0 {
		t.Error("nothing was ever removed")
	}
	// Everything that nothing needs goes once it is old enough, and no more.
	clock = clock.Add(2 * pruneGrace)
	_, err = h.keeper.Prune(t.Context(), target, keep, false)
	must(t, err)
	p, err := h.keeper.Prune(t.Context(), target, keep, true)
	must(t, err)
	if p.Bundles != 0 {
		t.Errorf("%d bundles are left that nothing needs", p.Bundles)
	}
}

// backdate gives what was written now the time of the test's clock.
func backdate(t *testing.T, target *Folder, clock time.Time) {
	t.Helper()
	must(t, target.List(t.Context(), "", func(o Object) error {
		if time.Since(o.Modified) > time.Hour {
			return nil
		}
		return os.Chtimes(target.join(o.Name), clock, clock)
	}))
}

// TestPruneWithADamagedManifest: what an unreadable snapshot needs is not known.
func TestPruneWithADamagedManifest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	target := folderTarget(t)
	h.receive(t, "INBOX", 10)
	first := take(t, h, target)
	h.receive(t, "INBOX", 10)
	take(t, h, target)
	must(t, os.Truncate(target.join(first.ID.object()), 20))
	before := len(objects(t, target, dataFolder))
	h.keeper.now = func() time.Time { return time.Now().Add(1000 * time.Hour) }
	if _, err := h.keeper.Prune(t.Context(), target, Schedule{}, false); err == nil {
		t.Error("pruned beside a damaged manifest")
	}
	if after := len(objects(t, target, dataFolder)); after != before {
		t.Errorf("%d bundles of %d are left", after, before)
	}
}

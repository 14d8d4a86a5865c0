package backup

import (
	"crypto/rand"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"letterbox/store/blob"
)

// memoryLimit is what snapshots may need beside what is there at rest.
const memoryLimit = 64 << 20

// TestMemory takes, checks, proves, prunes and restores snapshots of packs that
// are several times as large as the limit. It is not parallel: what others need
// would count too.
func TestMemory(t *testing.T) {
	h := newHouse(t)
	secret, _, err := h.keeper.GenerateOwnerKey()
	must(t, err)
	h.receive(t, "INBOX", 500)
	raw := make([]byte, 1<<20)
	for range 2 * memoryLimit / len(raw) {
		rand.Read(raw)
		_, err := h.blobs.Put(t.Context(), blob.Item{Body: raw, Hash: blob.Sum(raw)})
		must(t, err)
	}
	target := folderTarget(t)
	var id ID
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"take", func() error { id = take(t, h, target).ID; return nil }},
		{"verify", func() error { _, err := h.keeper.Verify(t.Context(), target); return err }},
		{"prove", func() error { _, err := h.keeper.Prove(t.Context(), target, id, true); return err }},
		{"prune", func() error { _, err := h.keeper.Prune(t.Context(), target, Schedule{}, false); return err }},
		{"restore", func() error {
			unlock, err := WithIdentities(strings.NewReader(secret))
			must(t, err)
			repo, err := Open(t.Context(), target, unlock)
			must(t, err)
			_, err = repo.Restore(t.Context(), id, t.TempDir(), RestoreOptions{})
			return err
		}},
	} {
		if more := peak(t, step.run); more > memoryLimit {
			t.Errorf("%s needs %d MB", step.name, more>>20)
		} else {
			t.Logf("%s: %d MB", step.name, more>>20)
		}
	}
}

// peak returns how much larger the heap was while fn ran than before, garbage
// included.
func peak(t *testing.T, fn func() error) int64 {
	t.Helper()
	runtime.GC()
	before, most := heap(), uint64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			most = max(most, heap())
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	must(t, fn())
	close(stop)
	<-stopped
	return int64(most) - int64(before)
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

package backup

import (
	"os"
	"strings"
	"testing"
)

// TestProofFails spoils each bundle in turn: the full proof does not hold then,
// and holds again after.
func TestProofFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 200)
	target := folderTarget(t)
	id := take(t, h, target).ID
	for _, name := range objects(t, target, dataFolder) {
		was, err := target.Get(t.Context(), name)
		must(t, err)
		must(t, os.Remove(target.join(name)))
		proof, err := h.keeper.Prove(t.Context(), target, id, true)
		must(t, err)
		if proof.Error == "" {
			t.Errorf("holds without %s", name)
		}
		must(t, os.WriteFile(target.join(name), was, 0o600))
	}
	proof, err := h.keeper.Prove(t.Context(), target, id, true)
	must(t, err)
	if proof.Error != "" || proof.Bodies != 200 {
		t.Errorf("%+v", proof)
	}
	if left, err := os.ReadDir(h.keeper.work()); err == nil {
		for _, e := range left {
			if strings.HasPrefix(e.Name(), partPrefix) {
				t.Errorf("%s was left behind", e.Name())
			}
		}
	}
}

// TestProofCounts gives a snapshot that says it has more than it has.
func TestProofCounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 5)
	target := folderTarget(t)
	id := take(t, h, target).ID
	repo, err := h.keeper.Repository(t.Context(), target)
	must(t, err)
	m, err := repo.Manifest(t.Context(), id)
	must(t, err)
	m.Counts["messages"]++
	text, err := m.encode(func(File) bool { return false }, nil)
	must(t, err)
	must(t, repo.publish(t.Context(), id, text))
	proof, err := h.keeper.Prove(t.Context(), target, id, false)
	must(t, err)
	if !strings.Contains(proof.Error, "5 messages, and 6 when it was taken") {
		t.Errorf("%+v", proof)
	}
}

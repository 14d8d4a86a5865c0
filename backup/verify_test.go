package backup

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"letterbox/store/blob"
)

// objects lists what lies at a target, by folder, without what is half written.
func objects(t testing.TB, target Target, folder string) (names []string) {
	t.Helper()
	must(t, target.List(t.Context(), folder, func(o Object) error {
		if !strings.Contains(o.Name, partPrefix) {
			names = append(names, o.Name)
		}
		return nil
	}))
	slices.Sort(names)
	return names
}

// TestVerifyNamesDamage spoils each object in each way.
func TestVerifyNamesDamage(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		h := newHouse(t)
		h.receive(t, "INBOX", 150)
		if encrypted {
			_, _, err := h.keeper.GenerateOwnerKey()
			must(t, err)
		}
		target := folderTarget(t)
		take(t, h, target)
		h.receive(t, "INBOX", 50)
		take(t, h, target)
		v, err := h.keeper.Verify(t.Context(), target)
		must(t, err)
		if len(v.Problems) > 0 || v.Snapshots != 2 {
			t.Fatalf("of what is whole: %+v", v)
		}
		names := append(objects(t, target, dataFolder), objects(t, target, snapshotFolder)...)
		for i, name := range names {
			was, err := target.Get(t.Context(), name)
			must(t, err)
			other, err := target.Get(t.Context(), names[(i+1)%len(names)])
			must(t, err)
			flipped := bytes.Clone(was)
			flipped[len(was)*i/len(names)] ^= 1 << (i % 8)
			for kind, spoilt := range map[string][]byte{
				"a bit flipped": flipped, "truncated": was[:len(was)-1-i], "emptied": {}, "exchanged": other, "removed": nil,
			} {
				path := target.join(name)
				if spoilt == nil {
					must(t, os.Remove(path))
				} else {
					must(t, os.WriteFile(path, spoilt, 0o600))
				}
				v, err := h.keeper.Verify(t.Context(), target)
				must(t, err)
				named := slices.ContainsFunc(v.Problems, func(p Problem) bool {
					return p.Object == name && len(p.Snapshots) > 0 && len(p.Holds) > 0
				})
				if !named && !(kind == "removed" && strings.HasPrefix(name, snapshotFolder)) {
					t.Errorf("encrypted %v: %s %s is not named: %v", encrypted, name, kind, v.Problems)
				}
			}
			must(t, os.WriteFile(target.join(name), was, 0o600))
		}
	}
}

// TestVerifyKeys: a key that is gone or spoilt at the target is named, and put
// there again.
func TestVerifyKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 3)
	_, _, err := h.keeper.GenerateOwnerKey()
	must(t, err)
	target := folderTarget(t)
	take(t, h, target)
	key := objects(t, target, keysAtTarget)[0]
	for _, spoil := range []func() error{
		func() error { return os.Remove(target.join(key)) },
		func() error { return os.Truncate(target.join(key), 30) },
	} {
		must(t, spoil())
		v, err := h.keeper.Verify(t.Context(), target)
		must(t, err)
		if len(v.Problems) != 1 || v.Problems[0].Object != key {
			t.Errorf("problems %v", v.Problems)
		}
		take(t, h, target)
		if v, err := h.keeper.Verify(t.Context(), target); err != nil || len(v.Problems) > 0 {
			t.Errorf("after the next snapshot: %v, %v", v.Problems, err)
		}
	}
}

// TestRestoreGivesBackTheRest spoils a bundle of bodies and loses no more than
// what was in it.
func TestRestoreGivesBackTheRest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 2500)
	target := folderTarget(t)
	id := take(t, h, target).ID
	repo, err := h.keeper.Repository(t.Context(), target)
	must(t, err)
	m, err := repo.Manifest(t.Context(), id)
	must(t, err)
	spoilt := m.file("blobs/0000000001.pack").Extents[0].Bundle
	must(t, os.Remove(target.join(spoilt.object())))

	back, out := restored(t, target, id, Locked)
	want, got, lost := h.mail(t), back.mail(t), 0
	for key, text := range want {
		switch got[key] {
		case text:
		case "lost":
			lost++
		default:
			t.Errorf("%s is not as it was", key)
		}
	}
	if lost == 0 || lost == len(want) || lost != len(out.Affected) || len(out.Lost) != 1 || !errors.Is(out.Lost[0].Err, ErrMissing) {
		t.Errorf("%d of %d messages lost; told of %d, in %v", lost, len(want), len(out.Affected), out.Lost)
	}

	// Without its database a snapshot is not restored, and the folder stays empty.
	must(t, os.Truncate(target.join(m.file(databasePath).Extents[0].Bundle.object()), 5))
	folder := t.TempDir()
	if _, err := repo.Restore(t.Context(), id, folder, RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "restore another snapshot") {
		t.Errorf("restored without a database: %v", err)
	}
	if _, err := os.Stat(filepath.Join(folder, databasePath)); err == nil {
		t.Error("left a database behind")
	}
	// Unless that is asked for: the packs are there for a rescue.
	out, err = repo.Restore(t.Context(), id, folder, RestoreOptions{Damaged: true})
	must(t, err)
	if !out.Damaged {
		t.Error("did not say that the database is damaged")
	}
	packs, err := blob.Open(filepath.Join(folder, blobFolder), blob.Options{ReadOnly: true})
	must(t, err)
	defer packs.Close()
	bodies := 0
	packs.Scan(t.Context(), func(blob.Record) error { bodies++; return nil })
	if bodies != len(want)-lost {
		t.Errorf("the packs give %d bodies, want %d", bodies, len(want)-lost)
	}
}

func TestRestoreOverwritesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 5)
	target := folderTarget(t)
	id := take(t, h, target).ID
	repo, err := h.keeper.Repository(t.Context(), target)
	must(t, err)
	before := h.mail(t)
	if _, err := repo.Restore(t.Context(), id, h.folder, RestoreOptions{}); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("over a data folder: %v", err)
	}
	if diff := cmp.Diff(before, h.mail(t)); diff != "" {
		t.Error(diff)
	}
	// One that was broken off is begun again.
	folder := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(folder, Unfinished, blobFolder), 0o700))
	must(t, os.WriteFile(filepath.Join(folder, Unfinished, databasePath), []byte("half"), 0o600))
	_, err = repo.Restore(t.Context(), id, folder, RestoreOptions{})
	must(t, err)
	// A configuration that is there already stays.
	folder = t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, configFile), []byte("mine"), 0o600))
	_, err = repo.Restore(t.Context(), id, folder, RestoreOptions{})
	must(t, err)
	if text, _ := os.ReadFile(filepath.Join(folder, configFile)); string(text) != "mine" {
		t.Errorf("the configuration became %q", text)
	}
}

package backup

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"letterbox/database"
)

func TestTakeAndRestore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 700)
	h.receive(t, "Archive", 30)
	target := folderTarget(t)
	result := take(t, h, target)
	want := h.mail(t)
	h.receive(t, "INBOX", 10) // later than the snapshot

	back, out := restored(t, target, result.ID, Locked)
	if diff := cmp.Diff(want, back.mail(t)); diff != "" {
		t.Errorf("the mail differs:\n%s", diff)
	}
	if out.Counts["messages"] != 730 || len(out.Lost) != 0 {
		t.Errorf("restored %v, lost %v", out.Counts, out.Lost)
	}
	for _, name := range []string{"tls/key.pem", configFile} {
		was, _ := os.ReadFile(filepath.Join(h.folder, name))
		now, err := os.ReadFile(filepath.Join(back.folder, name))
		if err != nil || !bytes.Equal(was, now) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := back.directory.User(t.Context(), annaAddress); err != nil {
		t.Error(err)
	}
	before, err := h.store.Mailbox(t.Context(), anna, "INBOX")
	must(t, err)
	after, err := back.store.Mailbox(t.Context(), anna, "INBOX")
	must(t, err)
	if after.UIDValidity <= before.UIDValidity {
		t.Errorf("UIDVALIDITY went from %d to %d: clients would mix up what arrives now", before.UIDValidity, after.UIDValidity)
	}
}

// TestRestoreSettles: what other packages have in the database is dealt with
// before there is an appliance that anybody could start.
func TestRestoreSettles(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	target := folderTarget(t)
	result := take(t, h, target)
	repo, err := Open(t.Context(), target, Locked)
	must(t, err)
	folder := filepath.Join(t.TempDir(), "restored")
	settled := 0
	_, err = repo.Restore(t.Context(), result.ID, folder, RestoreOptions{Settle: func(ctx context.Context, db *database.DB) error {
		settled++
		if _, err := os.Stat(filepath.Join(folder, databasePath)); err == nil {
			t.Error("the database is in its place already")
		}
		return db.Check(ctx)
	}})
	if err != nil || settled != 1 {
		t.Errorf("settled %d times, %v", settled, err)
	}
	refused := errors.New("refused")
	_, err = repo.Restore(t.Context(), result.ID, filepath.Join(t.TempDir(), "other"), RestoreOptions{
		Settle: func(context.Context, *database.DB) error { return refused },
	})
	if !errors.Is(err, refused) {
		t.Errorf("restored all the same: %v", err)
	}
}

// TestIncremental counts what later snapshots write.
func TestIncremental(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 2000)
	target := folderTarget(t)
	first := take(t, h, target)
	same := take(t, h, target)
	if same.Bundles != 0 {
		t.Errorf("a snapshot of what did not change wrote %d bundles", same.Bundles)
	}
	h.receive(t, "INBOX", 20)
	more := take(t, h, target)
	if more.Bytes*5 > first.Bytes {
		t.Errorf("20 new messages of 2000 wrote %d bytes; all of them %d", more.Bytes, first.Bytes)
	}
	if first.ID >= same.ID || same.ID >= more.ID {
		t.Errorf("snapshots are named %s, %s, %s", first.ID, same.ID, more.ID)
	}
	back, _ := restored(t, target, more.ID, Locked)
	if diff := cmp.Diff(h.mail(t), back.mail(t)); diff != "" {
		t.Errorf("the mail differs:\n%s", diff)
	}
}

// TestStateIsAHint takes snapshots without, and with a wrong, memory of the last.
func TestStateIsAHint(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 300)
	target := folderTarget(t)
	first := take(t, h, target)
	must(t, os.RemoveAll(filepath.Join(h.folder, Work)))
	second := take(t, h, target)
	if second.Bundles > first.Bundles/2 {
		t.Errorf("without memory %d of %d bundles were written again", second.Bundles, first.Bundles)
	}
	// Somebody removes data at the target: the next snapshot brings it back.
	must(t, os.RemoveAll(filepath.Join(target.path, dataFolder)))
	third := take(t, h, target)
	v, err := h.keeper.Verify(t.Context(), target, third.ID)
	must(t, err)
	if len(v.Problems) > 0 {
		t.Errorf("the snapshot after a loss is not whole: %v", v.Problems)
	}
	// A version that cuts larger chunks remembers fewer digests.
	remembered, err := filepath.Glob(filepath.Join(h.folder, Work, "*", digestFile))
	must(t, err)
	for _, name := range remembered {
		info, err := os.Stat(name)
		must(t, err)
		must(t, os.Truncate(name, info.Size()/2))
	}
	h.receive(t, "INBOX", 1)
	v, err = h.keeper.Verify(t.Context(), target, take(t, h, target).ID)
	must(t, err)
	if len(remembered) == 0 || len(v.Problems) > 0 {
		t.Errorf("the snapshot after one with other chunks, of %q, is not whole: %v", remembered, v.Problems)
	}
}

// TestNothingIsReadable looks for words of the mail, names and addresses in all
// that lies at an encrypted target.
func TestNothingIsReadable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 50)
	secret, _, err := h.keeper.GenerateOwnerKey()
	must(t, err)
	target := folderTarget(t)
	result := take(t, h, target)
	err = filepath.Walk(target.path, func(path string, info os.FileInfo, err error) error {
		must(t, err)
		if info.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		must(t, err)
		for _, word := range []string{"walrus", "anna", "letterbox.example", "INBOX", "key.pem", "0000000001", "private", "AGE-SECRET"} {
			if bytes.Contains(text, []byte(word)) || strings.Contains(strings.TrimPrefix(path, target.path), word) {
				t.Errorf("%s shows %q", path, word)
			}
		}
		return nil
	})
	must(t, err)

	if _, err := Open(t.Context(), target, Locked); err == nil {
		t.Error("opened without a key")
	}
	other, err := age.GenerateX25519Identity()
	must(t, err)
	wrong, err := WithIdentities(strings.NewReader(other.String()))
	must(t, err)
	if _, err := Open(t.Context(), target, wrong); !errors.Is(err, ErrLocked) {
		t.Errorf("with another key: %v", err)
	}
	unlock, err := WithIdentities(strings.NewReader(secret))
	must(t, err)
	back, _ := restored(t, target, result.ID, unlock)
	if diff := cmp.Diff(h.mail(t), back.mail(t)); diff != "" {
		t.Errorf("the mail differs:\n%s", diff)
	}
	// The restored appliance goes on with the same snapshots.
	back.receive(t, "INBOX", 1)
	if again := take(t, back, target); again.ID <= result.ID {
		t.Errorf("%s after %s", again.ID, result.ID)
	}
}

func TestPassphrase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 5)
	h.keeper.workFactor = 10 // for the test to be quick
	must(t, h.keeper.SetPassphrase("a long and winding passphrase"))
	target := folderTarget(t)
	result := take(t, h, target)
	unlock, err := WithPassphrase("a long and winding passphrase")
	must(t, err)
	restored(t, target, result.ID, unlock)
	wrong, err := WithPassphrase("a short one")
	must(t, err)
	if _, err := Open(t.Context(), target, wrong); err == nil {
		t.Error("opened with another passphrase")
	}
}

// TestWornBundles: chunks of a bundle that is mostly superseded are written
// again, so that what lies at the target does not grow without end.
func TestWornBundles(t *testing.T) {
	t.Parallel()
	there := func(Name) bool { return true }
	name := Name{1}
	var last []chunk
	for i := range 10 {
		last = append(last, chunk{digest{byte(i)}, Extent{name, 40 * chunkSize, int64(i) * chunkSize, chunkSize}})
	}
	for _, c := range usable(slices.Clone(last), there) {
		if !c.changed() {
			t.Fatal("10 of 40 chunks keep a bundle")
		}
	}
	for i := range last {
		last[i].place.Size = 20 * chunkSize
	}
	for _, c := range usable(slices.Clone(last), there) {
		if c.changed() {
			t.Fatal("10 of 20 chunks do not keep a bundle")
		}
	}
	for _, c := range usable(slices.Clone(last), func(Name) bool { return false }) {
		if !c.changed() {
			t.Fatal("a bundle is used that is not there")
		}
	}
}

// TestSnapshotWhileMailArrivesAndPacksMove compares a snapshot taken amid
// deliveries, expunges and compaction with itself: every row has its body.
func TestSnapshotWhileMailArrivesAndPacksMove(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 2000)
	target := folderTarget(t)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := h.deliver(t.Context(), "INBOX", 5); err != nil {
				done <- err
				return
			}
		}
	}()
	swept := make(chan error, 1)
	go func() { swept <- h.store.Sweep(t.Context(), -time.Hour) }()
	for range 5 {
		take(t, h, target)
	}
	close(stop)
	must(t, <-done)
	must(t, <-swept)
	repo, err := h.keeper.Repository(t.Context(), target)
	must(t, err)
	ids, err := repo.Snapshots(t.Context())
	must(t, err)
	for _, id := range ids {
		back, out := restored(t, target, id, Locked)
		mail := back.mail(t)
		for key, text := range mail {
			if text == "lost" {
				t.Errorf("%s: %s has no body", id, key)
			}
		}
		if int64(len(mail)) != out.Counts["messages"] {
			t.Errorf("%s: %d messages, counted %d", id, len(mail), out.Counts["messages"])
		}
		back.close()
	}
}

// TestDiskOfTheMail: a snapshot on the disk of the mail does not use up what mail
// needs, and no scratch file does.
func TestDiskOfTheMail(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.receive(t, "INBOX", 3)
	free, _, err := diskRoom(h.folder)
	must(t, err)
	h.keeper.source.Reserve = free*3/4 + 1
	target := folderTarget(t)
	if _, err := h.keeper.Take(t.Context(), target, false); err == nil || !strings.Contains(err.Error(), "make room, or choose another snapshot.target") {
		t.Errorf("beside the reserve: %v", err)
	}
	h.keeper.source.Reserve = 2 * free
	if _, err := h.keeper.capture(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "make room") {
		t.Errorf("scratch within the reserve: %v", err)
	}
	h.keeper.source.Reserve = 0
	take(t, h, target)
}

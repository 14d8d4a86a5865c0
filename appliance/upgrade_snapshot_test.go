package appliance

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterbox/backup"
	"letterbox/database"
	"letterbox/store/blob"
)

// TestSnapshotBeforeUpdate: before an update a snapshot goes to each target that
// can take it, also to one that was chosen in the browser; one that cannot does not
// keep the appliance from starting.
func TestSnapshotBeforeUpdate(t *testing.T) {
	t.Parallel()
	_, newest, err := database.Versions(t.Context(), "../database/testdata/v1.db")
	must(t, err)
	for _, version := range []int{1, 2, 9, newest - 1} {
		c := olderData(t, version)
		good := filepath.Join(t.TempDir(), "snapshots")
		c.Snapshot.Target = Addresses{"/proc/none", good}
		if version > 1 {
			c.Snapshot.Target = Default().Snapshot.Target
			chooseBefore(t, c, "snapshot.target", "/proc/none, "+good)
		}
		openAndClose(t, c)
		all, err := Upgrades(c.Data)
		must(t, err)
		if len(all) != 1 || len(all[0].Snapshots) != 2 {
			t.Fatalf("known of the update from version %d: %+v", version, all)
		}
		dead, taken := all[0].Snapshots[0], all[0].Snapshots[1]
		if dead.Error == "" || dead.Snapshot != "" || taken.Error != "" || taken.Target != good {
			t.Fatalf("version %d: snapshots %+v", version, all[0].Snapshots)
		}
		if version == newest-1 {
			restoreBefore(t, taken)
		}
	}
}

// chooseBefore chooses in a database of an earlier version.
func chooseBefore(t *testing.T, c Config, key, value string) {
	t.Helper()
	db, err := database.Open(t.Context(), filepath.Join(c.Data, databaseFile), database.Options{AsIs: true})
	must(t, err)
	must(t, db.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, ?)`, "config."+key, value)
		return err
	}))
	must(t, db.Close())
}

// restoreBefore restores a snapshot that is of before the update, and opens what
// comes of it.
func restoreBefore(t *testing.T, b Before) {
	t.Helper()
	target, err := backup.OpenTarget(t.Context(), b.Target, backup.Access{})
	must(t, err)
	defer target.Close()
	repo, err := backup.Open(t.Context(), target, backup.Locked)
	must(t, err)
	m, err := repo.Manifest(t.Context(), backup.ID(b.Snapshot))
	must(t, err)
	if m.Program != "v0.9" {
		t.Errorf("the snapshot is of the program %s", m.Program)
	}
	for _, f := range m.Files {
		if strings.HasPrefix(f.Path, upgradeFolder) {
			t.Errorf("%s is in it once more", f.Path)
		}
	}
	c := Default()
	c.Data = filepath.Join(t.TempDir(), "restored")
	_, err = repo.Restore(t.Context(), m.ID, c.Data, backup.RestoreOptions{})
	must(t, err)
	openAndClose(t, c)
}

// TestSlowTargetBeforeUpdate: a target that answers nothing is left after its part
// of the time, and the next one gets its snapshot.
func TestSlowTargetBeforeUpdate(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close()
	keys := filepath.Join(t.TempDir(), "keys")
	must(t, os.WriteFile(keys, []byte("access\nsecret\n"), 0o600))
	data := t.TempDir()
	db, err := database.Open(t.Context(), filepath.Join(data, databaseFile), database.Options{})
	must(t, err)
	defer db.Close()
	blobs, err := blob.Open(filepath.Join(data, blobFolder), blob.Options{})
	must(t, err)
	defer blobs.Close()
	k := backup.NewKeeper(backup.Source{Folder: data, DB: db, Blobs: blobs}, slog.New(slog.DiscardHandler))
	_, _, err = k.GenerateOwnerKey()
	must(t, err)
	plan := backup.Plan{
		Targets: []string{"s3+http://" + silent.Addr().String() + "/bucket", filepath.Join(t.TempDir(), "snapshots")},
		Access:  backup.Access{S3KeyFile: keys, S3Region: "us-east-1"},
	}
	all := takeInTime(t.Context(), k, plan, 6*time.Second)
	if len(all) != 2 || !strings.Contains(all[0].Error, "longer than the 3s") || all[0].Snapshot != "" {
		t.Errorf("of one that is silent: %+v", all)
	}
	if len(all) != 2 || all[1].Snapshot == "" || all[1].Error != "" {
		t.Errorf("of the one after it: %+v", all)
	}
}

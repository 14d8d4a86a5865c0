package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterbox/database"
	"letterbox/store"
)

// olderData makes a data folder with the frozen database of a version.
func olderData(t *testing.T, version int) Config {
	t.Helper()
	c := Default()
	c.Data = filepath.Join(t.TempDir(), "data")
	must(t, os.MkdirAll(filepath.Join(c.Data, blobFolder), 0o700))
	old, err := os.ReadFile(fmt.Sprintf("../database/testdata/v%d.db", version))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(c.Data, databaseFile), old, 0o600))
	must(t, os.WriteFile(filepath.Join(c.Data, versionFile), []byte("v0.9\n"), 0o600))
	return c
}

// versionOf is the version of a folder's database, and whether it is the one that
// was frozen.
func versionOf(t *testing.T, c Config) (version int) {
	t.Helper()
	path := filepath.Join(c.Data, databaseFile)
	version, _, err := database.Versions(t.Context(), path)
	must(t, err)
	db, err := database.Open(t.Context(), path, database.Options{AsIs: true})
	must(t, err)
	defer db.Close()
	must(t, db.Read(t.Context(), func(c *database.Conn) error {
		var value string
		return c.QueryRow(`SELECT value FROM setting WHERE key = 'frozen'`).Scan(&value)
	}))
	return version
}

func openAndClose(t *testing.T, c Config) {
	t.Helper()
	d, err := OpenData(t.Context(), c, slog.New(slog.DiscardHandler), true)
	must(t, err)
	must(t, d.Close())
}

// TestUpgradeAndBack: data of every version is brought up to date, and goes back.
func TestUpgradeAndBack(t *testing.T) {
	t.Parallel()
	_, newest, err := database.Versions(t.Context(), "../database/testdata/v1.db")
	must(t, err)
	for version := 1; version < newest; version++ {
		c := olderData(t, version)
		openAndClose(t, c)
		if got := versionOf(t, c); got != newest {
			t.Fatalf("version %d was brought to %d", version, got)
		}
		all, err := Upgrades(c.Data)
		if err != nil || len(all) != 1 || all[0].From != version || all[0].To != newest || all[0].FromProgram != "v0.9" {
			t.Fatalf("known of it: %+v, %v", all, err)
		}
		if len(all[0].Differences) == 0 {
			t.Errorf("version %d: the rehearsal found nothing new", version)
		}
		report, err := Rollback(t.Context(), c, slog.New(slog.DiscardHandler))
		must(t, err)
		if got := versionOf(t, c); got != version {
			t.Errorf("version %d went back to %d", version, got)
		}
		if _, err := os.Stat(report.Aside); err != nil {
			t.Errorf("the newer database: %v", err)
		}
		if _, err := Rollback(t.Context(), c, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrNoUpgrade) {
			t.Errorf("once more back: %v", err)
		}
		openAndClose(t, c) // once more to and fro
		if all, err := Upgrades(c.Data); len(all) != 1 || err != nil {
			t.Errorf("after the second update: %+v, %v", all, err)
		}
	}
}

var errCrash = errors.New("crash")

// crashAt makes an upgrader of a folder that ends at a step, as if killed.
func crashAt(t *testing.T, c Config, step string) *upgrader {
	t.Helper()
	f, err := openFolder(c.Data)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return &upgrader{folder: f, log: slog.New(slog.DiscardHandler), step: func(s string) error {
		if s == step {
			return errCrash
		}
		return nil
	}}
}

// TestUpgradeCrash ends an update at every step: the next start does it all, and
// it can be taken back.
func TestUpgradeCrash(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"copied", "rehearsed", "kept"} {
		c := olderData(t, 3)
		u := crashAt(t, c, step)
		if err := u.upgrade(t.Context(), time.Hour); !errors.Is(err, errCrash) {
			t.Fatalf("%s: %v", step, err)
		}
		must(t, u.Close())
		if got := versionOf(t, c); got != 3 {
			t.Fatalf("%s: the database has version %d already", step, got)
		}
		openAndClose(t, c)
		if all, err := Upgrades(c.Data); len(all) != 1 || err != nil {
			t.Errorf("%s: %+v, %v", step, all, err)
		}
		_, err := Rollback(t.Context(), c, slog.New(slog.DiscardHandler))
		must(t, err)
		if got := versionOf(t, c); got != 3 {
			t.Errorf("%s: back to version %d", step, got)
		}
	}
}

// TestUpgradeBetweenMigrations: what was broken off between two migrations goes
// back to before the first.
func TestUpgradeBetweenMigrations(t *testing.T) {
	t.Parallel()
	c := olderData(t, 3)
	u := crashAt(t, c, "kept")
	if err := u.upgrade(t.Context(), time.Hour); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	must(t, u.Close())
	half, err := os.ReadFile("../database/testdata/v6.db")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(c.Data, databaseFile), half, 0o600))
	openAndClose(t, c)
	all, err := Upgrades(c.Data)
	if len(all) != 1 || all[0].From != 3 || err != nil {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestRollbackCrash ends a rollback at every step: nothing opens a folder between
// two databases, and the next rollback comes to the end.
func TestRollbackCrash(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"older copied", "older ready", "begun", "newer set aside", "exchanged"} {
		c := olderData(t, 5)
		openAndClose(t, c)
		u := crashAt(t, c, step)
		if _, err := u.rollback(t.Context()); !errors.Is(err, errCrash) {
			t.Fatalf("%s: %v", step, err)
		}
		must(t, u.Close())
		begun := step != "older copied" && step != "older ready"
		if begun != HalfRolledBack(c.Data) {
			t.Errorf("%s: begun is %t", step, !begun)
		}
		_, err := OpenData(t.Context(), c, slog.New(slog.DiscardHandler), true)
		if begun && !errors.Is(err, errHalfRolledBack) {
			t.Errorf("%s: opened: %v", step, err)
		}
		if !begun {
			must(t, err) // nothing has happened yet
			continue
		}
		_, err = Rollback(t.Context(), c, slog.New(slog.DiscardHandler))
		must(t, err)
		if got := versionOf(t, c); got != 5 {
			t.Errorf("%s: version %d", step, got)
		}
		openAndClose(t, c)
	}
}

// TestUpgradeThatFails: where the rehearsal fails, nothing is changed.
func TestUpgradeThatFails(t *testing.T) {
	t.Parallel()
	c := olderData(t, 1)
	path := filepath.Join(c.Data, databaseFile)
	db, err := database.Open(t.Context(), path, database.Options{AsIs: true})
	must(t, err)
	must(t, db.Write(t.Context(), func(tx *database.Tx) error { // a later migration makes this table
		_, err := tx.Exec(`CREATE TABLE removed (other)`)
		return err
	}))
	must(t, db.Close())
	_, err = OpenData(t.Context(), c, slog.New(slog.DiscardHandler), true)
	if err == nil || !strings.Contains(err.Error(), "nothing was changed: the version before (v0.9) can be started again") {
		t.Errorf("opened: %v", err)
	}
	if got := versionOf(t, c); got != 1 {
		t.Errorf("the database has version %d now", got)
	}
}

// TestNothingIsSweptBeforeTheTime: the kept database refers to bodies that are
// dead in the present one.
func TestNothingIsSweptBeforeTheTime(t *testing.T) {
	t.Parallel()
	c := olderData(t, 2)
	d, err := OpenData(t.Context(), c, slog.New(slog.DiscardHandler), true)
	must(t, err)
	defer d.Close()
	now := time.Now()
	if left, err := d.forgetUpgrades(now.Add(d.Config.Mail.rollback() - time.Minute)); !left || err != nil {
		t.Errorf("before the time: %t, %v", left, err)
	}
	if left, err := d.forgetUpgrades(now.Add(d.Config.Mail.rollback() + time.Minute)); left || err != nil {
		t.Errorf("after the time: %t, %v", left, err)
	}
	if all, err := Upgrades(c.Data); len(all) != 0 || err != nil {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestRollbackHoldsAndRenews: mail that waits is not sent twice, and clients
// notice.
func TestRollbackHoldsAndRenews(t *testing.T) {
	t.Parallel()
	c := olderData(t, 9)
	path := filepath.Join(c.Data, databaseFile)
	db, err := database.Open(t.Context(), path, database.Options{AsIs: true})
	must(t, err)
	must(t, db.Write(t.Context(), func(tx *database.Tx) error {
		for _, query := range []string{
			`INSERT INTO outbound (id, account, sender, held, prefix, size, created_at) VALUES (1, 1, 'a@example.org', 1, x'', 1, 0)`,
			`INSERT INTO outbound_recipient (outbound, address, next_at) VALUES (1, 'b@example.net', 0), (1, 'c@example.net', 0)`,
			`INSERT INTO account (id, modseq, uidvalidity) VALUES (1, 1, 77)`,
			`INSERT INTO mailbox (account, name, uidvalidity, modseq, history_from, created_at) VALUES (1, 'INBOX', 77, 1, 1, 0)`,
		} {
			if _, err := tx.Exec(query); err != nil {
				return err
			}
		}
		return nil
	}))
	must(t, db.Close())
	openAndClose(t, c)
	report, err := Rollback(t.Context(), c, slog.New(slog.DiscardHandler))
	must(t, err)
	if report.Held != 2 {
		t.Errorf("%d are held", report.Held)
	}
	db, err = database.Open(context.Background(), path, database.Options{AsIs: true})
	must(t, err)
	defer db.Close()
	var waiting, validity int64
	must(t, db.Read(t.Context(), func(c *database.Conn) error {
		return c.QueryRow(`SELECT (SELECT count(*) FROM outbound_recipient WHERE state = 'waiting'), (SELECT uidvalidity FROM mailbox)`).
			Scan(&waiting, &validity)
	}))
	if waiting != 0 || validity <= 77 {
		t.Errorf("%d wait, UIDVALIDITY %d", waiting, validity)
	}
	if last, err := store.LastMessage(t.Context(), db); last != 0 || err != nil {
		t.Errorf("the last message is %d, %v", last, err)
	}
}

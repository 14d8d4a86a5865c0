package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMigrateFrozen brings a database of every earlier version up to date: its
// data is there, and its schema is that of a new one.
func TestMigrateFrozen(t *testing.T) {
	t.Parallel()
	all, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		freeze(t, frozen(len(all)))
	}
	want := schema(t, open(t, filepath.Join(t.TempDir(), "new.db")))
	for _, m := range all {
		data, err := os.ReadFile(frozen(m.version))
		if err != nil {
			t.Fatalf("a version is frozen by running its test with -update: %v", err)
		}
		path := filepath.Join(t.TempDir(), "old.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		db := open(t, path)
		if diff := cmp.Diff(want, schema(t, db)); diff != "" {
			t.Errorf("schema of a new database (-) and of one from version %d (+):\n%s", m.version, diff)
		}
		if found := keys(t, db); !found["frozen"] {
			t.Errorf("version %d: data is lost: %v", m.version, found)
		}
	}
}

func frozen(version int) string { return fmt.Sprintf("testdata/v%d.db", version) }

func freeze(t *testing.T, name string) {
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(set(db, t.Context(), "frozen", "1"), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// schema returns what the tables and indexes are made of.
func schema(t *testing.T, db *DB) (statements []string) {
	t.Helper()
	err := db.Read(t.Context(), func(c *Conn) error {
		rows, err := c.Query(`SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			statements = append(statements, s)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return statements
}

// TestMigrationIsOneTransaction lets the second half of a migration fail.
func TestMigrationIsOneTransaction(t *testing.T) {
	t.Parallel()
	c, err := connect(t.Context(), writerDSN(filepath.Join(t.TempDir(), "a.db"), Options{}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	all := []migration{{1, "one", "CREATE TABLE one (x)"}, {2, "two", "CREATE TABLE two (x); CREATE TABLE one (x)"}}
	if err := migrate(t.Context(), c, all); err == nil || !strings.Contains(err.Error(), "two") {
		t.Errorf("a migration that cannot be done: %v", err)
	}
	if version, err := userVersion(t.Context(), c); version != 1 || err != nil {
		t.Errorf("version %d, %v; want 1", version, err)
	}
	all[1].sql = "CREATE TABLE two (x)"
	if err := migrate(t.Context(), c, all); err != nil {
		t.Errorf("the mended migration: %v", err)
	}
}

func TestNewerIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	c, err := connect(t.Context(), writerDSN(path, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.exec("PRAGMA user_version = 4711"); err != nil {
		t.Fatal(err)
	}
	c.close()
	_, err = Open(t.Context(), path, Options{})
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "4711") {
		t.Errorf("opening a newer database: %v", err)
	}
}

func TestDamagedIsRefused(t *testing.T) {
	t.Parallel()
	whole := template(t)
	page := func(n int) []byte { // zeroes a page
		b := append([]byte(nil), whole...)
		clear(b[n*4096 : (n+1)*4096])
		return b
	}
	for name, data := range map[string][]byte{
		"another file": []byte(strings.Repeat("this is no database. ", 1000)),
		"cut off":      whole[:len(whole)/2],
		"first page":   page(0),
		"some page":    page(7),
	} {
		path := filepath.Join(t.TempDir(), "a.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(context.Background(), path, Options{})
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "letterbox rescue") {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadFile(path); string(left) != string(data) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

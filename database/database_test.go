package database

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
)

func open(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func set(db *DB, ctx context.Context, key, value string) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, ?)`, key, value)
		return err
	})
}

func count(t *testing.T, db *DB) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(c *Conn) error {
		return c.QueryRow(`SELECT count(*) FROM setting`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWriteThenRead(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a ?#%.db"))
	if err := set(db, t.Context(), "a", "1"); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestGroupCommit(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			for k := range 10 {
				if err := set(db, t.Context(), string(rune('a'+i))+string(rune('a'+k)), ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s := db.Stats()
	if s.Jobs != 1000 || s.Commits > s.Jobs/4 || s.Largest < 2 {
		t.Errorf("no grouping: %+v", s)
	}
	t.Logf("%+v", s)
}

func TestFailedJobIsUndoneAlone(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	boom := errors.New("boom")
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			err := db.Write(t.Context(), func(tx *Tx) error {
				if _, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, '')`, i); err != nil {
					return err
				}
				if i%2 == 0 {
					return boom
				}
				return nil
			})
			if i%2 == 0 && err != boom || i%2 == 1 && err != nil {
				t.Errorf("job %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := count(t, db); n != 25 {
		t.Errorf("%d rows, want 25", n)
	}
}

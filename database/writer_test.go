package database

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"letterbox/internal/fault"
)

// hold keeps the writer busy until release is called; what is written meanwhile
// gathers.
func hold(t *testing.T, db *DB) (release func()) {
	t.Helper()
	began, end, done := make(chan bool), make(chan bool), make(chan error)
	go func() {
		done <- db.Write(context.Background(), func(*Tx) error { close(began); <-end; return nil })
	}()
	<-began
	return func() {
		close(end)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestGatheredJobsShareOneFlush counts flushes of the WAL under 50 jobs that
// wait.
func TestGatheredJobsShareOneFlush(t *testing.T) {
	t.Parallel()
	plan := new(fault.Plan)
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), Options{VFS: plan.VFS(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := set(db, t.Context(), "first", "so that the WAL exists"); err != nil {
		t.Fatal(err)
	}
	flushes, commits := plan.Syncs(), db.Stats().Commits
	release := hold(t, db)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if err := set(db, t.Context(), string(rune('A'+i)), ""); err != nil {
				t.Error(err)
			}
		})
	}
	for len(db.writer.jobs) < 50 { // all have been handed over
		time.Sleep(time.Millisecond)
	}
	release()
	wg.Wait()
	// The held job's age may have ended its batch: one commit for it, one for all.
	if n := db.Stats().Commits - commits; n > 2 {
		t.Errorf("%d commits for 51 jobs", n)
	}
	if n := plan.Syncs() - flushes; n > 2 {
		t.Errorf("%d flushes for 51 jobs", n)
	}
}

func TestAfterCommit(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	var committed, told []int // both in the writer's goroutine
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			_ = db.Write(t.Context(), func(tx *Tx) error {
				tx.AfterCommit(func() { told = append(told, i) })
				if i%4 == 0 {
					return errors.New("no")
				}
				committed = append(committed, i)
				return nil
			})
		})
	}
	wg.Wait()
	if !slices.Equal(committed, told) || len(told) != 30 {
		t.Errorf("committed %v, told %v", committed, told)
	}
	err := db.Write(t.Context(), func(tx *Tx) error {
		tx.AfterCommit(func() { panic("in the callback") })
		return nil
	})
	if err != nil {
		t.Errorf("a panic after the commit made it fail: %v", err)
	}
}

func TestPanicIsContained(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	err := db.Write(t.Context(), func(tx *Tx) error {
		if _, err := tx.Exec(`INSERT INTO setting (key, value) VALUES ('x', '')`); err != nil {
			t.Error(err)
		}
		panic("in the job")
	})
	if err == nil {
		t.Error("the job that panicked did not fail")
	}
	if err := set(db, t.Context(), "y", ""); err != nil {
		t.Error(err)
	}
	if found := keys(t, db); found["x"] || !found["y"] {
		t.Errorf("found %v, want y alone", found)
	}
}

// TestOverlookedError is about a job that goes on after the disk was full, when
// SQLite has ended the transaction under it.
func TestOverlookedError(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	// The rows of the first statement make the file as large as it may get.
	limit := func(tx *Tx, pages string) {
		var n int
		if err := tx.QueryRow(`PRAGMA max_page_count = ` + pages).Scan(&n); err != nil {
			t.Error(err)
		}
	}
	err := db.Write(t.Context(), func(tx *Tx) error {
		limit(tx, "1")
		defer limit(tx, "1000000")
		_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES ('big', hex(zeroblob(1000000)))`)
		if code(err) != sqlite3.SQLITE_FULL {
			t.Errorf("the file may not grow: %v", err)
		}
		_, _ = tx.Exec(`INSERT INTO setting (key, value) VALUES ('small', '')`)
		return nil
	})
	if !errors.Is(err, ErrFull) {
		t.Errorf("the job succeeded: %v", err)
	}
	if found := keys(t, db); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestWriteGivesUpBeforeItBegan(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	release := hold(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	ran := false
	result := make(chan error)
	go func() { result <- db.Write(ctx, func(*Tx) error { ran = true; return nil }) }()
	for len(db.writer.jobs) == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) { // while the writer is held
		t.Errorf("canceled: %v", err)
	}
	release()
	if err := set(db, t.Context(), "behind", ""); err != nil {
		t.Error(err)
	}
	if ran {
		t.Error("a job ran whose caller had gone")
	}
}

func TestCloseDrains(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	release := hold(t, db)
	result := make(chan error)
	go func() { result <- set(db, t.Context(), "waiting", "") }()
	for len(db.writer.jobs) == 0 {
		time.Sleep(time.Millisecond)
	}
	go release()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := <-result; err != nil {
		t.Errorf("what waited when Close began: %v", err)
	}
	if err := set(db, t.Context(), "late", ""); !errors.Is(err, ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
	if err := db.Read(t.Context(), func(*Conn) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if hasWAL(path) {
		t.Error("Close left a WAL behind")
	}
	if n := count(t, open(t, path)); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

// TestRest writes enough for a WAL worth emptying, and waits on a clock of its
// own.
func TestRest(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		err = db.Write(t.Context(), func(tx *Tx) error {
			_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES ('big', hex(zeroblob(?)))`, idlePages*4096)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(idleAfter - time.Second)
		synctest.Wait()
		if !hasWAL(path) {
			t.Error("the WAL is empty too early")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if hasWAL(path) {
			t.Error("the WAL stays full")
		}
	})
}

// TestWALStaysShort writes many times what the WAL may hold while somebody
// always reads.
func TestWALStaysShort(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	db := open(t, path)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				_ = db.Read(ctx, func(c *Conn) error { return c.QueryRow(`SELECT count(*) FROM setting`).Scan(new(int)) })
			}
		})
	}
	for i := range 60 {
		err := db.Write(t.Context(), func(tx *Tx) error {
			_, err := tx.Exec(`INSERT OR REPLACE INTO setting (key, value) VALUES ('same', hex(zeroblob(?)))`, 1_000_000+i)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	wg.Wait()
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if limit := int64(crowdedPages+1000) * 4120; info.Size() > limit {
		t.Errorf("the WAL has grown to %d bytes", info.Size())
	}
	if n := db.Stats().Checkpoints; n < 5 {
		t.Errorf("%d checkpoints", n)
	}
}

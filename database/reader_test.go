package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// TestReadSeesOneCommit writes between two queries of one Read.
func TestReadSeesOneCommit(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	const query = `SELECT count(*) FROM setting`
	err := db.Read(t.Context(), func(c *Conn) error {
		var before, after int
		err := c.QueryRow(query).Scan(&before)
		if err == nil {
			err = set(db, t.Context(), "meanwhile", "")
		}
		if err == nil {
			err = c.QueryRow(query).Scan(&after)
		}
		if before != after {
			t.Errorf("%d rows, then %d", before, after)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if n := count(t, db); n != 1 {
		t.Errorf("the next Read sees %d rows, want 1", n)
	}
}

// TestForgottenRows leaves rows open: the reader must not stay in the past.
func TestForgottenRows(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), Options{Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range 5 {
		if err := set(db, t.Context(), fmt.Sprint(i), ""); err != nil {
			t.Fatal(err)
		}
		err := db.Read(t.Context(), func(c *Conn) error {
			rows, err := c.Query(`SELECT key FROM setting ORDER BY key`)
			if err == nil && !rows.Next() {
				t.Error("no row")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if n := count(t, db); n != i+1 {
			t.Errorf("%d rows, want %d", n, i+1)
		}
	}
}

// TestReadersOneAfterTheOther share a connection, and what it has prepared: one
// that nobody needs stays small.
func TestReadersOneAfterTheOther(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	used := map[*connection]bool{}
	for range 10 {
		if err := db.Read(t.Context(), func(c *Conn) error { used[c.conn] = true; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if len(used) != 1 {
		t.Errorf("%d connections were used", len(used))
	}
}

func TestReadIsInterrupted(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	err := db.Read(ctx, func(c *Conn) error {
		_, err := c.Query(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a query without end: %v", err)
	}
	if n := count(t, db); n != 0 {
		t.Error("the reader does not read any more")
	}
}

func TestReadWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), Options{Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithCancel(t.Context())
	err = db.Read(t.Context(), func(*Conn) error { // has the only reader
		time.AfterFunc(time.Millisecond, cancel)
		return db.Read(ctx, func(*Conn) error { return errors.New("ran") })
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for a reader: %v", err)
	}
}

// TestReaderSurvivesPanic: the reader goes back.
func TestReaderSurvivesPanic(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), Options{Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	func() {
		defer func() { _ = recover() }()
		_ = db.Read(t.Context(), func(*Conn) error { panic("in the reader") })
	}()
	if n := count(t, db); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	err := db.Read(t.Context(), func(c *Conn) error {
		return c.QueryRow(`INSERT INTO setting (key, value) VALUES ('x', '') RETURNING key`).Scan(new(string))
	})
	if err == nil {
		t.Error("a reader wrote")
	}
}

func TestStatementsAreBounded(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	for i := range 3 * maxStatements {
		err := db.Write(t.Context(), func(tx *Tx) error {
			return tx.QueryRow(fmt.Sprintf(`SELECT %d`, i)).Scan(new(int))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = db.Write(t.Context(), func(tx *Tx) error {
		if n := len(tx.conn.prepared); n > maxStatements+3 {
			t.Errorf("%d statements are kept", n)
		}
		return nil
	})
}

func TestPragmas(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "page_size": "4096",
		"busy_timeout": "10000", "wal_autocheckpoint": "0",
	}
	check := func(row func(string, ...any) interface{ Scan(...any) error }) {
		for name, value := range want {
			var got string
			if err := row("PRAGMA " + name).Scan(&got); err != nil || got != value {
				t.Errorf("%s is %q, want %q (%v)", name, got, value, err)
			}
		}
	}
	_ = db.Read(t.Context(), func(c *Conn) error {
		check(func(q string, a ...any) interface{ Scan(...any) error } { return c.QueryRow(q, a...) })
		return nil
	})
	want["foreign_keys"] = "1"
	_ = db.Write(t.Context(), func(tx *Tx) error {
		check(func(q string, a ...any) interface{ Scan(...any) error } { return tx.QueryRow(q, a...) })
		return nil
	})
}

// TestEach reads what Query reads, stops where it is told to, and may be used
// again after an error.
func TestEach(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "a.db"))
	for _, key := range []string{"a", "b", "c"} {
		if err := set(db, t.Context(), key, "value of "+key); err != nil {
			t.Fatal(err)
		}
	}
	stop := errors.New("stop")
	const query = `SELECT key, value, 7, NULL, x'00ff' FROM setting WHERE key >= ? ORDER BY key`
	for _, test := range []struct {
		from, last, want string
		err              error
	}{
		{"b", "", "b c ", nil},
		{"a", "b", "a b ", stop},
		{"d", "", "", nil},
	} {
		var got string
		err := db.Read(t.Context(), func(c *Conn) error {
			return c.Each(func(row []driver.Value) error {
				key := row[0].(string)
				got += key + " "
				if row[1] != "value of "+key || row[2] != int64(7) || row[3] != nil || string(row[4].([]byte)) != "\x00\xff" {
					t.Errorf("row %v", row)
				}
				if key == test.last {
					return stop
				}
				return nil
			}, query, test.from)
		})
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("from %s: %q, %v", test.from, got, err)
		}
	}
	left, leave := context.WithCancel(t.Context())
	err := db.Read(left, func(c *Conn) error {
		return c.Each(func([]driver.Value) error {
			leave()
			return nil
		}, query, "a")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after its reader left: %v", err)
	}
}

package database

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// image reads the pages of a database as of now.
func image(t *testing.T, db *DB, meanwhile func()) []byte {
	t.Helper()
	var file bytes.Buffer
	err := db.Image(t.Context(), func(c *Conn) error {
		return c.Pages(func(page []byte) error {
			if file.Len() == 0 && meanwhile != nil {
				meanwhile()
			}
			file.Write(page)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// TestImage opens what Pages gave: it is the commit at which it began, also when
// the writer went on.
func TestImage(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	set := func(value string) {
		err := db.Write(context.Background(), func(tx *Tx) error {
			_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES ('a', ?) ON CONFLICT DO UPDATE SET value = excluded.value`, value)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	set("before")
	file := image(t, db, func() { set("meanwhile") })
	path := filepath.Join(t.TempDir(), "b.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	copied, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if err := copied.Check(t.Context()); err != nil {
		t.Error(err)
	}
	var value string
	err = copied.Read(t.Context(), func(c *Conn) error {
		return c.QueryRow(`SELECT value FROM setting WHERE key = 'a'`).Scan(&value)
	})
	if err != nil || value != "before" {
		t.Errorf("the copy says %q, %v", value, err)
	}
	second := image(t, db, nil)
	changed := 0
	for at := 0; at < min(len(file), len(second)); at += 4096 {
		if !bytes.Equal(file[at:at+4096], second[at:at+4096]) {
			changed++
		}
	}
	if changed == 0 || changed > 4 {
		t.Errorf("one changed row changed %d pages", changed)
	}
}

func TestImageEnds(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	err = db.Image(t.Context(), func(c *Conn) error { return c.Pages(func([]byte) error { return stop }) })
	if !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := db.Image(t.Context(), func(*Conn) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestImageHoldsNobody reads an image for the time of many commits: the WAL cannot
// begin anew, and that is tried as it grows, not at each commit.
func TestImageHoldsNobody(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const commits, pages = 150, 100
	value := bytes.Repeat([]byte("x"), pages*4096)
	write := func() {
		for i := range value {
			value[i]++ // SQLite does not write what stays the same
		}
		err := db.Write(context.Background(), func(tx *Tx) error {
			_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES ('a', ?) ON CONFLICT DO UPDATE SET value = excluded.value`, string(value))
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	write()
	before := db.Stats().Checkpoints
	image(t, db, func() {
		for range commits {
			write()
		}
	})
	tries := db.Stats().Checkpoints - before
	if most := int64(2 * commits * pages / checkpointPages); tries > most || tries < 2 {
		t.Errorf("%d checkpoints were tried during %d commits of %d pages; at most %d", tries, commits, pages, most)
	}
	// Once the reader has left, the WAL begins anew.
	began := db.Stats().Checkpoints
	for range 3 * checkpointPages / pages {
		write()
	}
	if db.Stats().Checkpoints == began {
		t.Error("the WAL is not written back any more")
	}
}

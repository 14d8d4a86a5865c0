package database

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"letterbox/internal/fault"
)

// jobs is how many the workload below has, largeJob which of them fills many
// pages, and checkpointJob the one after which the WAL is written back.
const (
	jobs          = 9
	largeJob      = 3
	checkpointJob = 5
)

// A casualty is a database that goes through the workload while a plan breaks
// what is under it.
type casualty struct {
	*testing.T
	path  string
	plan  *fault.Plan
	vfs   string
	db    *DB
	acked map[string]bool // keys whose Write returned nil
}

// newCasualty copies a database that exists, so that the steps counted are the
// workload's.
func newCasualty(t *testing.T, template []byte) *casualty {
	c := &casualty{T: t, path: filepath.Join(t.TempDir(), "a.db"), plan: new(fault.Plan), acked: map[string]bool{}}
	if err := os.WriteFile(c.path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	c.vfs = c.plan.VFS(t)
	c.db = c.open()
	return c
}

func (c *casualty) open() *DB {
	db, err := Open(c.Context(), c.path, Options{Readers: 1, VFS: c.vfs})
	if err != nil {
		c.Fatal(err)
	}
	return db
}

// template returns an empty database of this version.
func template(t *testing.T) []byte {
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// work writes one row a job and returns the errors.
func (c *casualty) work() (failed []error) {
	for i := range jobs {
		key := fmt.Sprint("key", i)
		err := c.db.Write(c.Context(), func(tx *Tx) error {
			value := "small"
			if i == largeJob {
				value = strings.Repeat("large", 4000)
			}
			if i == checkpointJob {
				tx.AfterCommit(func() { c.db.writer.checkpoint(passive) })
			}
			_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, ?)`, key, value)
			return err
		})
		if err != nil {
			failed = append(failed, err)
		} else {
			c.acked[key] = true
		}
	}
	return failed
}

// keys reads what the database says it holds.
func keys(t *testing.T, db *DB) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := db.Read(t.Context(), func(c *Conn) error {
		rows, err := c.Query(`SELECT key FROM setting`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			found[key] = true
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// reopen ends the trouble, opens the file again and checks that it is whole and
// has all that was acknowledged.
func (c *casualty) reopen() {
	c.plan.Mend()
	db := c.open()
	defer db.Close()
	found := keys(c.T, db)
	for key := range c.acked {
		if !found[key] {
			c.Errorf("%s was acknowledged and is lost", key)
		}
	}
	if err := db.Check(c.Context()); err != nil {
		c.Error(err)
	}
}

// everyStep runs try with each step of the workload in turn.
func everyStep(t *testing.T, try func(c *casualty, step int)) {
	empty := template(t)
	dry := newCasualty(t, empty)
	before := dry.plan.Steps()
	if failed := dry.work(); failed != nil {
		t.Fatal(failed)
	}
	steps := dry.plan.Steps() - before
	dry.db.Close()
	for step := range steps {
		t.Run(fmt.Sprint(step), func(t *testing.T) { try(newCasualty(t, empty), step) })
	}
}

// TestEveryStepFails lets each write, flush and truncation fail once. The writer
// goes on by itself.
func TestEveryStepFails(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]fault.Kind{"fail": fault.Fail, "tear": fault.Tear} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyStep(t, func(c *casualty, step int) {
				c.plan.Break(kind, step)
				failed := c.work()
				if !c.plan.Tripped() {
					c.Fatalf("step %d was never reached", step)
				}
				if len(failed) > 1 {
					c.Errorf("one fault, %d failures: %v", len(failed), failed)
				}
				if err := set(c.db, c.Context(), "after", ""); err != nil {
					c.Errorf("the write after the fault: %v", err)
				}
				c.acked["after"] = true
				if n := c.db.Stats().Reopened; n != 1 {
					c.Errorf("connected anew %d times after an I/O error", n)
				}
				if live := keys(c.T, c.db); !maps.Equal(live, c.acked) {
					c.Errorf("reads see %v, acknowledged were %v", live, c.acked)
				}
				if err := c.db.Close(); err != nil {
					c.Error(err)
				}
				c.reopen()
			})
		})
	}
}

// TestEveryStepFull fills the disk at each step, and makes room later.
func TestEveryStepFull(t *testing.T) {
	t.Parallel()
	everyStep(t, func(c *casualty, step int) {
		c.plan.Break(fault.Full, step)
		for _, err := range c.work() {
			if !errors.Is(err, ErrFull) {
				c.Errorf("full disk: %v", err)
			}
		}
		if live := keys(c.T, c.db); !maps.Equal(live, c.acked) {
			c.Errorf("reads see %v, acknowledged were %v", live, c.acked)
		}
		c.plan.Mend()
		if err := set(c.db, c.Context(), "room", "again"); err != nil {
			c.Errorf("with room again: %v", err)
		}
		c.acked["room"] = true
		if err := c.db.Close(); err != nil {
			c.Error(err)
		}
		c.reopen()
	})
}

// TestEveryStepPowerCut ends everything at each step and takes back what was not
// flushed.
func TestEveryStepPowerCut(t *testing.T) {
	t.Parallel()
	everyStep(t, func(c *casualty, step int) {
		c.plan.Break(fault.Stop, step)
		c.work()
		c.db.Close()
		if err := c.plan.PowerCut(); err != nil {
			c.Fatal(err)
		}
		c.reopen()
	})
}

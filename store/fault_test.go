package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/internal/fault"
	"letterbox/store/blob"
)

// faultOps are done one after another while a plan breaks what is under them:
// small and large bodies, what several share, what compaction has to move.
var faultOps = []crashOp{
	{Kind: "append", Box: "a", Letters: []int{1, 2, 7, 29, 2}, Flag: imap.FlagSeen},
	{Kind: "deliver", Box: "a", Letters: []int{3}, Flag: imap.FlagFlagged, ID: "first"},
	{Kind: "imprint"},
	{Kind: "copy", Box: "a", To: "b", UIDs: []imap.UID{1, 2, 3}},
	{Kind: "flag", Box: "a", UIDs: []imap.UID{1, 3, 4}, Flag: imap.FlagDeleted},
	{Kind: "move", Box: "a", To: "b", UIDs: []imap.UID{2, 6}},
	{Kind: "expunge", Box: "a", UIDs: []imap.UID{1, 3, 4}},
	{Kind: "append", Box: "b", Letters: []int{40, 14}, Flag: "$Work"},
	{Kind: "sweep"},
	{Kind: "imprint"},
	{Kind: "append", Box: "a", Letters: []int{41, 1}, Flag: imap.FlagSeen},
}

// A casualty is a store that goes through the operations.
type casualty struct {
	*house
	plan   *fault.Plan
	model  crashModel
	failed []error
	first  *crashOp // the first operation that failed
}

// wounded copies a folder and opens it under a plan.
func wounded(t *testing.T, template string) *casualty {
	t.Helper()
	c := &casualty{house: &house{dir: t.TempDir(), t: t}, plan: new(fault.Plan), model: crashModel{
		"a": {next: 1, letters: map[imap.UID]string{}},
		"b": {next: 1, letters: map[imap.UID]string{}},
	}}
	must(t, os.CopyFS(c.dir, os.DirFS(template)))
	var err error
	c.db, err = database.Open(t.Context(), filepath.Join(c.dir, "letterbox.db"), database.Options{Readers: 1, VFS: c.plan.VFS(t)})
	must(t, err)
	c.blobs, err = blob.Open(filepath.Join(c.dir, "blobs"), blob.Options{FS: c.plan.FS(), MaxPack: 8 << 10})
	must(t, err)
	c.Store, err = Open(t.Context(), Options{DB: c.db, Blobs: c.blobs, Spool: filepath.Join(c.dir, "spool"), Log: slog.New(slog.DiscardHandler), imprintFrom: 1})
	must(t, err)
	return c
}

// healthy is a folder with the mailboxes that wounded expects.
func healthy(t *testing.T) string {
	t.Helper()
	h := start(t, t.TempDir(), blob.Options{})
	for _, a := range []AccountID{alice, bob} {
		must(t, h.EnsureAccount(t.Context(), a))
	}
	for _, box := range []string{"a", "b"} {
		_, err := h.CreateMailbox(t.Context(), alice, crashBoxName(0, box), "")
		must(t, err)
	}
	must(t, h.stop())
	return h.dir
}

// work does the operations, and all of them: one that fails does not end it.
func (c *casualty) work() {
	c.t.Helper()
	w := newCrashWorker(c.Store, 0)
	for _, box := range []string{"a", "b"} {
		w.boxes[box] = c.box(crashBoxName(0, box))
	}
	w.shared = c.boxOf(bob, "INBOX")
	for i := range faultOps {
		op := &faultOps[i]
		var err error
		switch op.Kind {
		case "sweep":
			err = c.Sweep(c.t.Context(), 0)
		case "imprint":
			err = c.imprintAll(w)
		default:
			_, err = w.do(c.t.Context(), op)
		}
		if err != nil {
			c.failed = append(c.failed, fmt.Errorf("%s: %w", op.Kind, err))
			if c.first == nil {
				c.first = op
			}
			continue
		}
		c.model.apply(op)
	}
}

// imprintAll takes imprints of the worker's mailboxes.
func (c *casualty) imprintAll(w *crashWorker) error {
	for _, m := range w.boxes {
		v, err := c.View(c.t.Context(), m)
		if err != nil {
			return err
		}
		v.Close()
	}
	return c.saveImprints(c.t.Context(), true)
}

// verify compares the mailboxes with the model, and bob's with the deliveries.
func (h *house) verify(model crashModel) error {
	found := crashModel{"a": h.crashBox(crashBoxName(0, "a")), "b": h.crashBox(crashBoxName(0, "b"))}
	if found.String() != model.String() {
		return fmt.Errorf("there is\n%v\nwant\n%v", found, model)
	}
	var delivered uint32
	for _, box := range model {
		for _, letter := range box.letters {
			delivered += one(strings.HasPrefix(letter, "3 ")) // letter 3 is only ever delivered
		}
	}
	if n := h.row(bob, "INBOX").Messages; n != delivered {
		return fmt.Errorf("a delivery is half there: %d and %d", delivered, n)
	}
	return nil
}

// reopen closes the store, opens the folder without a plan and looks at
// everything. One of the models must hold.
func (c *casualty) reopen(models ...crashModel) {
	c.t.Helper()
	c.plan.Mend()
	h := start(c.t, c.dir, blob.Options{})
	defer h.stop()
	var wrong []error
	for _, model := range models {
		err := h.verify(model)
		if err == nil {
			wrong = nil
			break
		}
		wrong = append(wrong, err)
	}
	if err := errors.Join(wrong...); err != nil {
		c.t.Errorf("after opening it again (%v): %v", c.failed, err)
	}
	if err := h.db.Check(c.t.Context()); err != nil {
		c.t.Error(err)
	}
	if miscounted, err := h.CheckReferences(c.t.Context()); miscounted > 0 || err != nil {
		c.t.Errorf("%d references are wrong (%v)", miscounted, err)
	}
	err := h.blobs.Scrub(c.t.Context(), func(r blob.Record, err error) { c.t.Errorf("record at %v: %v", r.Location, err) })
	if err != nil {
		c.t.Error(err)
	}
}

// eachStep breaks each step of the operations in turn, until there is none; with
// -short, as under the race detector, some of them.
func eachStep(t *testing.T, kind fault.Kind, try func(c *casualty)) {
	template, stride := healthy(t), 1
	if testing.Short() {
		stride = 11
	}
	for step := 0; ; step += stride {
		reached := false
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			c := wounded(t, template)
			c.plan.Break(kind, step)
			c.work()
			if reached = c.plan.Tripped(); reached {
				try(c)
			} else {
				c.plan.Mend()
				must(t, c.stop())
			}
		})
		if !reached {
			if step < len(faultOps) {
				t.Errorf("only %d steps: the plan does not stand under the store", step)
			}
			return
		}
	}
}

// stillWorks adds a letter without anybody having lent a hand.
func (c *casualty) stillWorks() {
	c.t.Helper()
	op := &crashOp{Kind: "append", Box: "a", Letters: []int{50}, Flag: imap.FlagSeen}
	w := newCrashWorker(c.Store, 0)
	w.boxes["a"] = c.box(crashBoxName(0, "a"))
	if _, err := w.do(c.t.Context(), op); err != nil {
		c.t.Errorf("after %v: %v", c.failed, err)
		return
	}
	c.model.apply(op)
}

// TestFaultyWrites lets each write and flush of the packs and of the database
// fail once, or put down half. What was acknowledged is there, what failed is
// not, and the next operation works.
func TestFaultyWrites(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]fault.Kind{"fail": fault.Fail, "tear": fault.Tear} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachStep(t, kind, func(c *casualty) {
				if len(c.failed) > 1 {
					c.t.Errorf("one fault, %d failures: %v", len(c.failed), c.failed)
				}
				c.stillWorks()
				if err := c.verify(c.model); err != nil {
					c.t.Errorf("after %v: %v", c.failed, err)
				}
				if err := c.stop(); err != nil {
					c.t.Error(err)
				}
				c.reopen(c.model)
			})
		})
	}
}

// TestFaultyFullDisk fills the disk at each step: everything says so, reading
// works, and with room again so does the rest.
func TestFaultyFullDisk(t *testing.T) {
	t.Parallel()
	eachStep(t, fault.Full, func(c *casualty) {
		for _, err := range c.failed {
			if !errors.Is(err, ErrFull) && !errors.Is(err, syscall.ENOSPC) {
				c.t.Errorf("the disk is full, and this says not so: %v", err)
			}
		}
		if err := c.verify(c.model); err != nil {
			c.t.Errorf("after %v: %v", c.failed, err)
		}
		c.plan.Mend()
		c.stillWorks()
		if err := c.stop(); err != nil {
			c.t.Error(err)
		}
		c.reopen(c.model)
	})
}

// TestFaultyPower cuts the power at each step: what was not flushed is gone.
func TestFaultyPower(t *testing.T) {
	t.Parallel()
	eachStep(t, fault.Stop, func(c *casualty) {
		c.stop()
		if err := c.plan.PowerCut(); err != nil {
			c.t.Fatal(err)
		}
		models := []crashModel{c.model}
		if c.first != nil { // it may have come through, but was not acknowledged
			further := c.model.clone()
			further.apply(c.first)
			models = append(models, further)
		}
		c.reopen(models...)
	})
}

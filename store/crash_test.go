package store

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"letterbox/store/blob"
)

// crashRounds is how often a child is killed. More with LETTERBOX_CRASH_ROUNDS,
// less with -short, as under the race detector.
func crashRounds(t *testing.T) int {
	text := os.Getenv("LETTERBOX_CRASH_ROUNDS")
	switch {
	case text == "" && testing.Short():
		return 3
	case text == "":
		return 15
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("LETTERBOX_CRASH_ROUNDS: %v", err)
	}
	return n
}

// TestCrash kills a process that delivers, appends, copies, moves, flags and
// expunges from many goroutines while packs are swept and compacted, again and
// again in the same folder. Afterwards every mailbox is as its worker was told,
// perhaps with the one operation more that was under way, whole; uids are never
// given twice; bodies are there byte for byte; and the counts agree.
func TestCrash(t *testing.T) {
	t.Parallel()
	c := &crash{T: t, dir: t.TempDir(), delivered: map[string]imap.UID{}}
	c.settle()
	acknowledged, whole, imprinted := 0, 0, 0
	for range crashRounds(t) {
		news := c.killedChild(30 + rand.IntN(150))
		under := c.replay(news)
		imprinted += c.imprinted()
		whole += c.verify(under)
		acknowledged += len(news) / 2
	}
	if imprinted == 0 {
		t.Error("no view was made from an imprint")
	}
	t.Logf("%d rounds, about %d operations acknowledged; of those under way when it was killed %d were done whole, the others not at all; %d views were made from an imprint",
		crashRounds(t), acknowledged, whole, imprinted)
}

// crash is the parent's side: what the child was told.
type crash struct {
	*testing.T
	dir       string
	models    [crashWorkers]crashModel
	delivered map[string]imap.UID // acknowledged: the uid in the shared mailbox by delivery
	gone      imap.UID            // every uid in the shared mailbox up to here was given before
}

// settle makes the accounts and mailboxes.
func (c *crash) settle() {
	h := start(c, c.dir, crashOptions)
	for _, a := range []AccountID{alice, bob} {
		must(c, h.EnsureAccount(c.Context(), a))
	}
	for w := range crashWorkers {
		c.models[w] = crashModel{}
		for _, box := range []string{"a", "b"} {
			_, err := h.CreateMailbox(c.Context(), alice, crashBoxName(w, box), "")
			must(c, err)
			c.models[w][box] = &crashBox{next: 1, letters: map[imap.UID]string{}}
		}
	}
	must(c, h.stop())
}

// killedChild runs a child until it has acknowledged n operations and returns
// all that it came to say.
func (c *crash) killedChild(n int) (news []crashNews) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashEnv+"="+c.dir)
	var stderr bytes.Buffer
	child.Stderr = &stderr
	out, err := child.StdoutPipe()
	must(c, err)
	must(c, child.Start())
	lines, done := bufio.NewScanner(out), 0
	for lines.Scan() {
		var one crashNews
		must(c, json.Unmarshal(lines.Bytes(), &one))
		news = append(news, one)
		if one.Done != nil {
			done++
		}
		if done == n && one.Done != nil {
			must(c, child.Process.Kill())
		}
	}
	if err := child.Wait(); err == nil || done < n {
		c.Fatalf("the child ended by itself after %d of %d: %v\n%s", done, n, err, stderr.String())
	}
	return news
}

// replay brings the models up to date and returns, by worker, what was under way.
func (c *crash) replay(news []crashNews) (under [crashWorkers]*crashOp) {
	for _, one := range news {
		if one.Begin != nil {
			under[one.Begin.Worker] = one.Begin
			continue
		}
		op := one.Done
		under[op.Worker] = nil
		given := c.models[op.Worker].apply(op)
		slices.Sort(one.UIDs)
		if !slices.Equal(given, one.UIDs) {
			c.Errorf("%+v gave the uids %v, want %v", *op, one.UIDs, given)
		}
		if op.Kind == "deliver" {
			c.delivered[op.ID] = one.Also
			if one.Also <= c.gone {
				c.Errorf("uid %d of the shared mailbox was given before", one.Also)
			}
		}
	}
	return under
}

// imprinted compares what the imprints that were left say with the rows, and
// returns of how many views they were good enough.
func (c *crash) imprinted() (good int) {
	h := start(c, c.dir, crashOptions)
	defer func() { must(c, h.stop()) }()
	for w := range crashWorkers {
		for _, box := range []string{"a", "b"} {
			good += int(one(h.samePicture(h.box(crashBoxName(w, box)))))
		}
	}
	return good
}

// verify compares what is there with the models and returns how many of the
// operations under way were done.
func (c *crash) verify(under [crashWorkers]*crashOp) (whole int) {
	h := start(c, c.dir, crashOptions)
	defer func() { must(c, h.stop()) }()
	pending := map[string]bool{} // deliveries under way, and whether they were done
	for w, model := range c.models {
		found := crashModel{"a": h.crashBox(crashBoxName(w, "a")), "b": h.crashBox(crashBoxName(w, "b"))}
		done := false
		if op := under[w]; op != nil && found.String() != model.String() {
			done = true
			model = model.clone()
			model.apply(op)
		}
		if found.String() != model.String() {
			c.Fatalf("worker %d: there is\n%v\nwant\n%v\nunder way was %+v", w, found, model, under[w])
		}
		if op := under[w]; op != nil && op.Kind == "deliver" {
			pending[op.ID] = done
		}
		if done {
			whole++
		}
		c.models[w] = model
	}
	c.verifyShared(h, pending)
	c.verifyWhole(h)
	return whole
}

// crashBox reads a mailbox of alice, and compares every body with its letter.
func (h *house) crashBox(name string) *crashBox {
	h.t.Helper()
	row := h.row(alice, name)
	box := &crashBox{next: row.UIDNext, letters: map[imap.UID]string{}}
	v, err := h.View(h.t.Context(), row.ID)
	must(h.t, err)
	defer v.Close()
	must(h.t, h.Rows(h.t.Context(), row.ID, allUIDs(), 0, func(r *Row) error {
		entry, _ := v.Entry(r.UID)
		box.letters[r.UID] = letterText(h.crashNumber(h.raw(r.Message)), v.FlagNames(entry.Flags)...)
		return nil
	}))
	if n := len(box.letters); n != int(row.Messages) || n != len(v.Snapshot().UIDs) {
		h.t.Errorf("%s holds %d messages, and counts %d", name, n, row.Messages)
	}
	return box
}

// crashNumber tells which letter a body is.
func (h *house) crashNumber(raw []byte) (n int) {
	h.t.Helper()
	if _, err := fmt.Sscanf(string(raw), "X-Letter: %d", &n); err != nil || !bytes.Equal(raw, crashText(n)) {
		h.t.Errorf("a body is not what it was: %.60q", raw)
	}
	return n
}

// verifyShared compares the mailbox that all deliver to, and empties it: every
// acknowledged delivery is there once, and one under way if the other half of it
// was done.
func (c *crash) verifyShared(h *house, pending map[string]bool) {
	inbox := h.boxOf(bob, "INBOX")
	found := map[string]imap.UID{}
	must(c, h.Rows(c.Context(), inbox, allUIDs(), 0, func(r *Row) error {
		line, body, _ := bytes.Cut(h.raw(r.Message), []byte("\r\n"))
		h.crashNumber(body)
		id := strings.TrimPrefix(string(line), "X-Delivery: ")
		if found[id] != 0 {
			c.Errorf("delivery %s is there twice", id)
		}
		found[id] = r.UID
		c.gone = max(c.gone, r.UID)
		return nil
	}))
	for id, uid := range c.delivered {
		if found[id] != uid {
			c.Errorf("delivery %s has uid %d, was acknowledged with %d", id, found[id], uid)
		}
		delete(found, id)
	}
	for id, done := range pending {
		if (found[id] != 0) != done {
			c.Errorf("delivery %s is half there", id)
		}
		delete(found, id)
	}
	if len(found) > 0 {
		c.Errorf("nobody delivered %v", found)
	}
	_, err := h.SetFlags(c.Context(), inbox, allUIDs(), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	must(c, err)
	_, _, err = h.Expunge(c.Context(), inbox, nil)
	must(c, err)
	clear(c.delivered)
}

// verifyWhole checks the database, the references and the packs.
func (c *crash) verifyWhole(h *house) {
	if err := h.db.Check(c.Context()); err != nil {
		c.Error(err)
	}
	if wrong, err := h.CheckReferences(c.Context()); wrong > 0 || err != nil {
		c.Errorf("%d references are wrong (%v)", wrong, err)
	}
	err := h.blobs.Scrub(c.Context(), func(r blob.Record, err error) { c.Errorf("record at %v: %v", r.Location, err) })
	if err != nil {
		c.Error(err)
	}
}

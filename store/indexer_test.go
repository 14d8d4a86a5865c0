package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/message"
	"letterbox/store/blob"
	"letterbox/store/index"
)

// held returns how many messages the index of alice holds.
func (h *house) held() (n int) {
	h.t.Helper()
	must(h.t, h.indexer.set.Use(h.t.Context(), int64(alice), func(x *index.Index) error {
		n = x.Len()
		return nil
	}))
	return n
}

// alone ends the indexing behind, so that a test knows what is indexed when.
func (h *house) alone() *house {
	h.indexer.cancel()
	<-h.indexer.done
	return h
}

// known returns of how many messages of a mailbox the index knows whether they
// have a text, and how many have it, by their texts.
func (h *house) known(m MailboxID, text string, in Scope) (known, has int) {
	h.t.Helper()
	needle := Needle{Text: message.AppendFold(nil, []byte(text)), In: in}
	v, err := h.Sieve(h.t.Context(), m, []Needle{needle})
	must(h.t, err)
	must(h.t, v.Read(h.t.Context(), h.view(m).Snapshot().UIDs, func(_ imap.UID, f Facts) error {
		known += int(f.Known)
		has += int(f.Has)
		return nil
	}))
	return known, has
}

func TestIndex(t *testing.T) {
	t.Parallel()
	h := build(t).alone()
	in := h.box("INBOX")
	h.fill(in, 1234)
	if known, _ := h.known(in, "letter 777", WholeText); known != 0 {
		t.Errorf("%d known before they were indexed", known)
	}
	must(t, h.IndexNow(t.Context(), alice))
	if known, has := h.known(in, "LETTER 777", WholeText); known != 1234 || has != 1 {
		t.Errorf("of %d known %d have it", known, has)
	}
	if known, has := h.known(in, "letter 777", BodyText); known != 1234 || has != 0 {
		t.Errorf("of %d known %d have it in the body", known, has)
	}
	h.put(in, letter(777))
	if known, has := h.known(in, "letter 777", WholeText); known != 1234 || has != 1 {
		t.Errorf("with one not indexed: of %d known %d have it", known, has)
	}
	if c := h.Coverage(); c != (Coverage{Indexed: 1234, Waiting: 1}) {
		t.Errorf("%+v", c)
	}
}

// A message is indexed once, however many copies there are, and taken out with
// the last of them.
func TestIndexFollowsMessages(t *testing.T) {
	t.Parallel()
	h := build(t).alone()
	in, archive := h.box("INBOX"), h.box("Archive")
	h.fill(in, 10)
	_, err := h.Copy(t.Context(), in, uids(1, 2, 3), archive)
	must(t, err)
	must(t, h.IndexNow(t.Context(), alice))
	if n := h.held(); n != 10 {
		t.Errorf("%d messages are held", n)
	}
	if known, has := h.known(archive, "letter 2", HeaderText); known != 2 || has != 0 {
		t.Errorf("of copies %d are known not to have it, %d to have it", known, has)
	}
	_, err = h.SetFlags(t.Context(), in, span(1, 10), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	must(t, err)
	_, _, err = h.Expunge(t.Context(), in, nil)
	must(t, err)
	must(t, h.clean(t.Context()))
	must(t, h.IndexNow(t.Context(), alice))
	if n := h.held(); n != 3 {
		t.Errorf("%d messages are held after the expunge", n)
	}
	must(t, h.RemoveAccount(t.Context(), alice))
	if _, err := os.Stat(h.indexer.set.Path(int64(alice))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the account is gone, its index: %v", err)
	}
}

// Indexing that is broken off goes on where it was.
func TestIndexResumes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := start(t, dir, blob.Options{}).alone()
	must(t, h.EnsureAccount(t.Context(), alice))
	h.fill(h.box("INBOX"), 3*indexRows)
	ctx, cancel := context.WithCancel(t.Context())
	err := h.Reindex(ctx, alice, func(done, of int64) {
		if done != indexRows || of != 3*indexRows {
			t.Errorf("%d of %d done", done, of)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	must(t, h.stop())
	h = start(t, dir, blob.Options{}).alone()
	defer h.stop()
	if n := h.held(); n != indexRows {
		t.Errorf("%d are held after the first step", n)
	}
	steps := 0
	must(t, h.indexer.catchUp(t.Context(), alice, hurried, func(int64, int64) { steps++ }))
	if n := h.held(); n != 3*indexRows || steps != 2 {
		t.Errorf("%d are held after %d steps more", n, steps)
	}
}

// An index that is damaged, or of a database that came later than this one, is
// built anew.
func TestIndexIsRebuilt(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(h *house, file string){
		"damaged": func(h *house, file string) {
			must(h.t, os.WriteFile(file, bytes.Repeat([]byte("no database"), 9000), 0o600))
		},
		"missing": func(h *house, file string) { must(h.t, os.Remove(file)) },
		"of another database": func(h *house, _ string) {
			must(h.t, RenewUIDValidity(h.t.Context(), h.db)) // as after a restore
			if _, err := h.Sieve(h.t.Context(), h.box("INBOX"), []Needle{{Text: []byte("letter"), In: WholeText}}); !errors.Is(err, index.ErrDamaged) {
				h.t.Errorf("a search found it: %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			h := start(t, dir, blob.Options{}).alone()
			must(t, h.EnsureAccount(t.Context(), alice))
			h.fill(h.box("INBOX"), 50)
			must(t, h.IndexNow(t.Context(), alice))
			must(t, h.stop())
			h = start(t, dir, blob.Options{}).alone()
			defer h.stop()
			harm(h, filepath.Join(dir, "search", "1.db"))
			must(t, h.IndexNow(t.Context(), alice))
			if known, has := h.known(h.box("INBOX"), "letter 7", WholeText); known != 50 || has != 1 {
				t.Errorf("of %d known %d have it", known, has)
			}
		})
	}
}

// Damage that a search meets is an error to that search alone.
func TestIndexDamagedInUse(t *testing.T) {
	t.Parallel()
	h := build(t).alone()
	in := h.box("INBOX")
	h.fill(in, 50)
	must(t, h.IndexNow(t.Context(), alice))
	must(t, h.indexer.set.Close())
	must(t, os.WriteFile(h.indexer.set.Path(int64(alice)), []byte("no database"), 0o600))
	var err error
	h.indexer.set, err = index.Open(filepath.Join(h.dir, "search"), h.log)
	must(t, err)
	if _, err := h.Sieve(t.Context(), in, []Needle{{Text: []byte("letter"), In: WholeText}}); !errors.Is(err, index.ErrDamaged) {
		t.Errorf("error %v", err)
	}
	if due, _ := h.indexer.due(time.Now()); len(due) != 1 || due[0] != alice {
		t.Errorf("due: %v", due)
	}
	must(t, h.IndexNow(t.Context(), alice))
	if known, _ := h.known(in, "letter", WholeText); known != 50 {
		t.Errorf("%d known", known)
	}
}

// Text beyond the limit is left to the searches.
func TestLongTextIsNotIndexed(t *testing.T) {
	t.Parallel()
	h := build(t).alone()
	in := h.box("INBOX")
	h.put(in, []byte("Subject: long\r\n\r\n"+strings.Repeat("words and more words\r\n", index.MaxText/20)))
	h.put(in, letter(1))
	must(t, h.IndexNow(t.Context(), alice))
	if n := h.held(); n != 1 {
		t.Errorf("%d are held", n)
	}
	if c := h.Coverage(); c != (Coverage{Indexed: 1}) {
		t.Errorf("%+v", c)
	}
}

// A step is bounded by the text that it holds in memory, too.
func TestIndexStepIsBounded(t *testing.T) {
	t.Parallel()
	h := build(t).alone()
	in := h.box("INBOX")
	var b Batch
	for range 12 {
		b.Messages = append(b.Messages, NewMessage{Mailbox: in, Raw: []byte("Subject: much\r\n\r\n" + strings.Repeat("words and more words\r\n", indexBytes/3/22))})
	}
	_, err := h.Append(t.Context(), b)
	must(t, err)
	steps := 0
	must(t, h.indexer.catchUp(t.Context(), alice, hurried, func(int64, int64) { steps++ }))
	if steps != 4 {
		t.Errorf("%d steps", steps)
	}
	if n := h.held(); n != 12 {
		t.Errorf("%d are held", n)
	}
}

// Few messages wait for more, and none is indexed while others are arriving,
// unless that goes on for too long.
func TestIndexerGathers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := &indexer{woken: make(chan struct{}, 1), accounts: map[AccountID]*backlog{}}
		expect := func(when string, want int, after time.Duration) {
			t.Helper()
			if due, again := x.due(time.Now()); len(due) != want || again != after {
				t.Errorf("%s: %d are due, look again in %v", when, len(due), again)
			}
		}
		expect("nothing", 0, indexRest)
		x.arrived(alice, 1)
		if len(x.woken) != 1 {
			t.Error("nobody was woken")
		}
		time.Sleep(4 * time.Second)
		expect("one", 0, indexWait-4*time.Second)
		x.arrived(alice, indexCrowd)
		expect("many that are arriving", 0, indexQuiet)
		time.Sleep(indexQuiet)
		expect("many that have arrived", 1, indexRest)
		expect("done", 0, indexRest)
		for range 2 * indexTooLong / indexQuiet {
			x.arrived(bob, 100)
			time.Sleep(indexQuiet / 2)
		}
		expect("without end", 1, indexRest)
		x.left(bob, 5)
		expect("one that has left", 1, indexRest)
		x.takeGone(bob)
		x.again(bob)
		expect("once more", 1, indexRest)
	})
}

// What is gone is taken out in steps, too, and none is left behind.
func TestIndexTakesOutInSteps(t *testing.T) {
	t.Parallel()
	x := &indexer{accounts: map[AccountID]*backlog{}}
	const all = 2*indexRows + 7
	for id := range MessageID(all) {
		x.left(alice, id)
	}
	var taken []int64
	for _, want := range []int{indexRows, indexRows, 7, 0} {
		some := x.takeGone(alice)
		if len(some) != want {
			t.Errorf("%d are taken out at once, want %d", len(some), want)
		}
		taken = append(taken, some...)
	}
	if !slices.IsSorted(taken) || len(taken) != all || taken[all-1] != all-1 {
		t.Errorf("%d were taken out", len(taken))
	}
}

// What arrives while a step is under way is not forgotten when the step says that
// nothing waits any more.
func TestCoverageOfWhatArrivesMeanwhile(t *testing.T) {
	t.Parallel()
	x := &indexer{woken: make(chan struct{}, 1), accounts: map[AccountID]*backlog{}}
	x.arrived(alice, 7)
	x.begin(alice)
	x.arrived(alice, 3)
	x.note(alice, 7, 0)
	if c := x.of(alice).coverage; c != (Coverage{Indexed: 7, Waiting: 3}) {
		t.Errorf("after the first step: %+v", c)
	}
	x.begin(alice)
	x.note(alice, 10, 0)
	if c := x.of(alice).coverage; c != (Coverage{Indexed: 10}) {
		t.Errorf("after the second step: %+v", c)
	}
}

// What a crash has left in an index goes with the nightly sweep.
func TestIndexIsSwept(t *testing.T) {
	t.Parallel()
	h := build(t).alone()
	in := h.box("INBOX")
	h.fill(in, 10)
	must(t, h.IndexNow(t.Context(), alice))
	must(t, h.indexer.set.Use(t.Context(), int64(alice), func(x *index.Index) error {
		return x.Add(t.Context(), x.Origin(), []index.Doc{{ID: 1 << 40}}, []index.Position{{Mailbox: 1 << 40, UID: 3}})
	}))
	must(t, h.indexer.sweep(t.Context()))
	must(t, h.indexer.set.Use(t.Context(), int64(alice), func(x *index.Index) error {
		positions, err := x.Positions(t.Context())
		if err != nil || len(positions) != 1 || x.Len() != 10 {
			t.Errorf("positions %v, %d messages, %v", positions, x.Len(), err)
		}
		return err
	}))
}

// A search that is under way holds up nobody: neither deliveries nor indexing
// nor another search.
func TestSearchHoldsUpNobody(t *testing.T) {
	t.Parallel()
	h := build(t).alone()
	in := h.box("INBOX")
	h.fill(in, 20)
	must(t, h.IndexNow(t.Context(), alice))
	needles := []Needle{{Text: []byte("letter"), In: WholeText}}
	v, err := h.Sieve(t.Context(), in, needles)
	must(t, err)
	calls := 0
	must(t, v.Read(t.Context(), h.view(in).Snapshot().UIDs, func(imap.UID, Facts) error {
		if calls++; calls == 1 {
			h.put(in, letter(100))
			must(t, h.IndexNow(t.Context(), alice))
			if known, has := h.known(in, "letter 100", WholeText); known != 21 || has != 1 {
				t.Errorf("another search: of %d known %d have it", known, has)
			}
		}
		return nil
	}))
	if calls != 20 {
		t.Errorf("%d messages were read", calls)
	}
}

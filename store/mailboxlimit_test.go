package store

import (
	"errors"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/database"
	"letterbox/quota"
	"pgregory.net/rapid"
)

// TestLimitOfMailbox: Junk and Trash have none, others keep what they hold when
// they get one, and what becomes the trash loses its own.
func TestLimitOfMailbox(t *testing.T) {
	t.Parallel()
	h := build(t)
	for _, name := range []string{"Junk", "Trash"} {
		if err := h.SetMailboxLimit(t.Context(), alice, name, quota.Limit{Messages: 1}); !errors.Is(err, ErrUnlimited) {
			t.Errorf("%s: %v", name, err)
		}
		must(t, h.SetMailboxLimit(t.Context(), alice, name, quota.Limit{}))
	}
	if err := h.SetMailboxLimit(t.Context(), alice, "Nowhere", quota.Limit{Messages: 1}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a mailbox that is not there: %v", err)
	}
	made, err := h.CreateMailbox(t.Context(), alice, "Lists", "")
	must(t, err)
	lists := made.ID
	h.fill(lists, 3)
	must(t, h.SetMailboxLimit(t.Context(), alice, "Lists", quota.Limit{Messages: 2, Mailboxes: 9}))
	view := h.view(lists)
	if l := view.Mailbox().Limit; l != (quota.Limit{Messages: 2}) {
		t.Errorf("the view has %v", l)
	}
	var over *quota.OverError
	_, err = h.Copy(t.Context(), h.box("INBOX"), allUIDs(), lists)
	must(t, err) // of nothing
	h.fill(h.box("INBOX"), 1)
	if _, err = h.Copy(t.Context(), h.box("INBOX"), allUIDs(), lists); !errors.As(err, &over) || over.Folder != "Lists" || over.Wanted != 4 {
		t.Errorf("a fourth of two: %v", err)
	}
	_, err = h.Move(t.Context(), lists, span(1, 1), lists)
	must(t, err) // it grows by nothing
	must(t, h.SetMetadata(t.Context(), lists, alice, []Annotation{{Name: "/private/specialuse", Value: []byte(`\Trash`)}}))
	if l := h.row(alice, "Lists").Limit; l != (quota.Limit{}) {
		t.Errorf("the trash has a limit: %v", l)
	}
	_, err = h.Move(t.Context(), h.box("INBOX"), allUIDs(), lists)
	must(t, err)
}

// TestMoveBeyondLimitOfMailbox: it moves nothing, however many chunks it would take.
func TestMoveBeyondLimitOfMailbox(t *testing.T) {
	t.Parallel()
	const n = chunkRows + 10
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, n)
	must(t, h.SetMailboxLimit(t.Context(), alice, "Archive", quota.Limit{Messages: n - 1}))
	if r, err := h.Move(t.Context(), in, allUIDs(), h.box("Archive")); !errors.As(err, new(*quota.OverError)) || len(r.Dest) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestRecountOfLimitedMailbox: mending a counter is no arrival.
func TestRecountOfLimitedMailbox(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.fill(h.box("INBOX"), 5)
	must(t, h.SetMailboxLimit(t.Context(), alice, "INBOX", quota.Limit{Messages: 2}))
	must(t, h.db.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(`UPDATE mailbox SET messages = 1, bytes = 1 WHERE name = 'INBOX'`)
		return err
	}))
	if wrong, err := h.CheckUsage(t.Context()); len(wrong) == 0 || err != nil {
		t.Fatalf("%+v, %v", wrong, err)
	}
	if m := h.row(alice, "INBOX"); m.Messages != 5 || m.Limit.Messages != 2 {
		t.Errorf("mended to %+v", m)
	}
	if err := h.Admit(t.Context(), alice, 1); !errors.As(err, new(*quota.OverError)) {
		t.Errorf("mail is let in: %v", err)
	}
}

// TestAdmitByLimitOfInbox: mail is put off, and refused for good when it never fits.
func TestAdmitByLimitOfInbox(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.grace = 50
	must(t, h.SetMailboxLimit(t.Context(), alice, "INBOX", quota.Limit{Bytes: 10_000, Messages: 2}))
	must(t, h.Admit(t.Context(), alice, 15_000))
	var over *quota.OverError
	if err := h.Admit(t.Context(), alice, 15_001); !errors.As(err, &over) || !over.Lasting || over.Folder != "INBOX" {
		t.Errorf("larger than all: %v", err)
	}
	h.fill(h.box("INBOX"), 2)
	must(t, h.Admit(t.Context(), alice, 1))
	_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: h.box("INBOX"), Raw: letter(1)}}, Arrives: true})
	must(t, err)
	if err := h.Admit(t.Context(), alice, 1); !errors.As(err, &over) || over.Lasting {
		t.Errorf("one more than two and half of them: %v", err)
	}
	_, err = h.Append(t.Context(), Batch{Messages: []NewMessage{{Mailbox: h.box("INBOX"), Raw: letter(2)}}, Warns: 95})
	must(t, err)
}

// TestLimitsOfMailboxes plays random operations: one that would leave a mailbox
// fuller than it was, and than it may be, fails and changes nothing; every other
// does what it should. The counters are those of a recount in the end.
func TestLimitsOfMailboxes(t *testing.T) {
	t.Parallel()
	h := keeping(t)
	h.grace = 50
	next := AccountID(100)
	rapid.Check(t, func(t *rapid.T) {
		next++
		p := &limitPlay{house: h, account: next, boxes: map[string]*limitBox{}}
		ok(t, h.EnsureAccount(t.Context(), next))
		for _, name := range []string{"INBOX", "Archive", "Sent"} {
			m, err := h.Mailbox(t.Context(), next, name)
			ok(t, err)
			p.boxes[name] = &limitBox{id: m.ID}
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": p.append, "copy": p.copy, "move": p.move, "expunge": p.expunge, "restore": p.restore, "limit": p.limit, "": p.check,
		})
		wrong, err := h.checkAccount(t.Context(), next, nil)
		if ok(t, err); len(wrong) > 0 {
			t.Fatalf("counted wrong: %+v", wrong)
		}
	})
}

// A limitBox is what a mailbox should hold: messages are all of one size, for what
// counts here is how many.
type limitBox struct {
	id          MailboxID
	holds, most int64 // most 0: any
}

type limitPlay struct {
	house   *house
	account AccountID
	boxes   map[string]*limitBox
	removed []string // where what can be brought back was
}

func (p *limitPlay) pick(t *rapid.T) *limitBox {
	return p.boxes[rapid.SampledFrom([]string{"INBOX", "Archive", "Sent"}).Draw(t, "mailbox")]
}

// takes reports whether n more may come, by mail that arrives or else.
func (b *limitBox) takes(n int64, arrives bool) bool {
	most := b.most
	if arrives {
		most += most / 2
	}
	return n == 0 || b.most == 0 || b.holds+n <= most
}

// went compares an outcome with what was expected, and counts what came.
func (b *limitBox) went(t *rapid.T, err error, n int64, arrives bool) bool {
	if b.takes(n, arrives) {
		ok(t, err)
		b.holds += n
		return true
	}
	if !errors.As(err, new(*quota.OverError)) {
		t.Fatalf("%d more than %d of %d: %v", n, b.holds, b.most, err)
	}
	return false
}

func (p *limitPlay) append(t *rapid.T) {
	to, n, arrives := p.pick(t), rapid.Int64Range(1, 3).Draw(t, "n"), rapid.Bool().Draw(t, "arrives")
	b := Batch{Arrives: arrives}
	for range n {
		b.Messages = append(b.Messages, NewMessage{Mailbox: to.id, Raw: letter(1), Received: time.Unix(1, 0)})
	}
	_, err := p.house.Append(t.Context(), b)
	to.went(t, err, n, arrives)
}

func (p *limitPlay) copy(t *rapid.T) {
	from, to := p.pick(t), p.pick(t)
	n := from.holds
	if n > 20 {
		return // copies of copies would fill the day
	}
	_, err := p.house.Copy(t.Context(), from.id, allUIDs(), to.id)
	to.went(t, err, n, false)
}

func (p *limitPlay) move(t *rapid.T) {
	from, to := p.pick(t), p.pick(t)
	n := from.holds
	_, err := p.house.Move(t.Context(), from.id, allUIDs(), to.id)
	if from == to {
		ok(t, err)
	} else if to.went(t, err, n, false) {
		from.holds = 0
	}
}

func (p *limitPlay) expunge(t *rapid.T) {
	name := rapid.SampledFrom([]string{"INBOX", "Archive", "Sent"}).Draw(t, "mailbox")
	b := p.boxes[name]
	_, err := p.house.SetFlags(t.Context(), b.id, allUIDs(), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	ok(t, err)
	_, _, err = p.house.Expunge(t.Context(), b.id, nil)
	ok(t, err)
	for range b.holds {
		p.removed = append(p.removed, name)
	}
	b.holds = 0
}

// restore brings one message back, the one that went first.
func (p *limitPlay) restore(t *rapid.T) {
	list, err := p.house.Removed(t.Context(), p.account, "", 0, len(p.removed)+1)
	ok(t, err)
	if len(list) != len(p.removed) {
		t.Fatalf("%d can be brought back, want %d", len(list), len(p.removed))
	}
	if len(list) == 0 {
		return
	}
	_, err = p.house.Restore(t.Context(), p.account, []int64{list[len(list)-1].ID})
	if p.boxes[p.removed[0]].went(t, err, 1, false) {
		p.removed = p.removed[1:]
	}
}

func (p *limitPlay) limit(t *rapid.T) {
	name := rapid.SampledFrom([]string{"INBOX", "Archive", "Sent"}).Draw(t, "mailbox")
	most := rapid.Int64Range(0, 8).Draw(t, "most")
	l := quota.Limit{Messages: most}
	if rapid.Bool().Draw(t, "by size") {
		l = quota.Limit{Bytes: most * int64(len(letter(1)))}
	}
	ok(t, p.house.SetMailboxLimit(t.Context(), p.account, name, l))
	p.boxes[name].most = most
}

func (p *limitPlay) check(t *rapid.T) {
	list, _, err := p.house.Mailboxes(t.Context(), p.account)
	ok(t, err)
	for _, m := range list {
		b := p.boxes[m.Name]
		if b != nil && m.Usage() != (quota.Usage{Bytes: b.holds * int64(len(letter(1))), Messages: b.holds}) {
			t.Fatalf("%s holds %+v, want %d messages", m.Name, m.Usage(), b.holds)
		}
	}
}

package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
	"letterbox/quota"
	"letterbox/store/blob"
	"pgregory.net/rapid"
)

// A model is what the store should hold, kept as simply as possible.
type model struct {
	accounts map[AccountID]map[string]*modelBox
}

type modelBox struct {
	id       MailboxID
	validity uint32
	next     imap.UID
	letters  map[imap.UID]modelLetter
	expunged map[imap.UID]ModSeq // at least this modseq
	modseq   ModSeq              // seen last
}

type modelLetter struct {
	text   string
	prefix string
	flags  string // names, sorted
}

func (l modelLetter) size() int64 { return int64(len(l.text) + len(l.prefix)) }

func (m *modelBox) uids() []imap.UID { return slices.Sorted(maps.Keys(m.letters)) }

func (m *modelBox) add(l modelLetter) {
	m.letters[m.next] = l
	m.next++
}

// modelFlags are those that the test plays with.
var modelFlags = []imap.Flag{imap.FlagSeen, imap.FlagFlagged, imap.FlagDeleted, "$Work", "$Home"}

func flagText(names []imap.Flag) string {
	var text []string
	for _, f := range names {
		text = append(text, string(f))
	}
	slices.Sort(text)
	return strings.Join(slices.Compact(text), " ")
}

// A play is one run of random operations against the store and the model, with
// two accounts of its own.
type play struct {
	h     *house
	m     model
	views map[MailboxID]*View
}

func newPlay(t *rapid.T, h *house, accounts ...AccountID) *play {
	p := &play{h: h, m: model{accounts: map[AccountID]map[string]*modelBox{}}, views: map[MailboxID]*View{}}
	for _, a := range accounts {
		ok(t, h.EnsureAccount(t.Context(), a))
		p.m.accounts[a] = map[string]*modelBox{}
		list, _, err := h.Mailboxes(t.Context(), a)
		ok(t, err)
		for _, row := range list {
			p.m.accounts[a][row.Name] = newModelBox(&row)
		}
	}
	return p
}

func newModelBox(row *Mailbox) *modelBox {
	return &modelBox{id: row.ID, validity: row.UIDValidity, next: 1,
		letters: map[imap.UID]modelLetter{}, expunged: map[imap.UID]ModSeq{}, modseq: row.ModSeq}
}

// restart closes everything and opens it again.
func (p *play) restart(t *rapid.T) {
	p.lookAway()
	ok(t, p.h.stop())
	*p.h = *start(p.h.t, p.h.dir, playOptions)
}

func (p *play) lookAway() {
	for _, v := range p.views {
		v.Close()
	}
	clear(p.views)
}

// playOptions make packs that compaction has work with.
var playOptions = blob.Options{MaxPack: 4 << 10}

func ok(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p *play) account(t *rapid.T) AccountID {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(p.m.accounts))).Draw(t, "account")
}

// pick draws a mailbox of an account.
func (p *play) pick(t *rapid.T, a AccountID) (string, *modelBox) {
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(p.m.accounts[a]))).Draw(t, "mailbox")
	return name, p.m.accounts[a][name]
}

func drawUIDs(t *rapid.T, m *modelBox) imap.UIDSet {
	if rapid.Bool().Draw(t, "all") {
		return allUIDs()
	}
	var set imap.UIDSet
	for _, uid := range rapid.SliceOfN(rapid.Uint32Range(1, uint32(m.next)+1), 1, 12).Draw(t, "uids") {
		set.AddNum(imap.UID(uid))
	}
	return set
}

func (m *modelBox) within(set imap.UIDSet) (uids []imap.UID) {
	for _, uid := range m.uids() {
		if set.Contains(uid) {
			uids = append(uids, uid)
		}
	}
	return uids
}

func drawFlags(t *rapid.T) []imap.Flag {
	return rapid.SliceOfN(rapid.SampledFrom(modelFlags), 0, 3).Draw(t, "flags")
}

// append delivers a batch, often of a body that is known, to several mailboxes.
func (p *play) append(t *rapid.T) {
	var b Batch
	var to []*modelBox
	var letters []modelLetter
	for range rapid.IntRange(1, 4).Draw(t, "messages") {
		_, m := p.pick(t, p.account(t))
		l := modelLetter{
			text:   string(letter(rapid.IntRange(0, 6).Draw(t, "letter"))),
			prefix: rapid.SampledFrom([]string{"", "Received: here\r\n"}).Draw(t, "prefix"),
		}
		flags := drawFlags(t)
		l.flags = flagText(flags)
		b.Messages = append(b.Messages, NewMessage{Mailbox: m.id, Raw: []byte(l.text), Prefix: []byte(l.prefix), Flags: flags})
		to, letters = append(to, m), append(letters, l)
	}
	added, err := p.h.Append(t.Context(), b)
	ok(t, err)
	for i, a := range added {
		if a.UID != to[i].next || a.UIDValidity != to[i].validity {
			t.Fatalf("added %+v, expected uid %d of %d", a, to[i].next, to[i].validity)
		}
		to[i].add(letters[i])
	}
}

func (p *play) setFlags(t *rapid.T) {
	_, m := p.pick(t, p.account(t))
	set, flags := drawUIDs(t, m), drawFlags(t)
	op := rapid.SampledFrom([]imap.StoreFlagsOp{imap.StoreFlagsSet, imap.StoreFlagsAdd, imap.StoreFlagsDel}).Draw(t, "op")
	r, err := p.h.SetFlags(t.Context(), m.id, set, FlagChange{Op: op, Flags: flags})
	ok(t, err)
	var changed imap.UIDSet
	for _, uid := range m.within(set) {
		l := m.letters[uid]
		if after := applyFlags(l.flags, op, flags); after != l.flags {
			l.flags = after
			m.letters[uid] = l
			changed = appendUID(changed, uid)
		}
	}
	if diff := cmp.Diff(changed, r.Changed); diff != "" || len(r.Failed) > 0 {
		t.Fatalf("changed: %s; failed %v", diff, r.Failed)
	}
	if len(changed) > 0 && r.ModSeq <= m.modseq {
		t.Fatalf("modseq %d after %d", r.ModSeq, m.modseq)
	}
}

func applyFlags(now string, op imap.StoreFlagsOp, flags []imap.Flag) string {
	var old []imap.Flag
	for _, f := range strings.Fields(now) {
		old = append(old, imap.Flag(f))
	}
	switch op {
	case imap.StoreFlagsAdd:
		return flagText(append(old, flags...))
	case imap.StoreFlagsDel:
		return flagText(slices.DeleteFunc(old, func(f imap.Flag) bool { return slices.Contains(flags, f) }))
	}
	return flagText(flags)
}

func (p *play) expunge(t *rapid.T) {
	_, m := p.pick(t, p.account(t))
	set := drawUIDs(t, m)
	gone, highest, err := p.h.Expunge(t.Context(), m.id, set)
	ok(t, err)
	var want imap.UIDSet
	for _, uid := range m.within(set) {
		if strings.Contains(m.letters[uid].flags, `\Deleted`) {
			want = appendUID(want, uid)
			delete(m.letters, uid)
			m.expunged[uid] = m.modseq + 1
		}
	}
	if diff := cmp.Diff(want, gone); diff != "" || highest < m.modseq {
		t.Fatalf("expunged: %s; highest %d after %d", diff, highest, m.modseq)
	}
}

func (p *play) copy(t *rapid.T) { p.transfer(t, false) }
func (p *play) move(t *rapid.T) { p.transfer(t, true) }

func (p *play) transfer(t *rapid.T, moves bool) {
	_, from := p.pick(t, p.account(t))
	_, to := p.pick(t, p.account(t))
	set := drawUIDs(t, from)
	run := p.h.Copy
	if moves {
		run = p.h.Move
	}
	r, err := run(t.Context(), from.id, set, to.id)
	ok(t, err)
	var source, dest imap.UIDSet
	for _, uid := range from.within(set) {
		source, dest = appendUID(source, uid), appendUID(dest, to.next)
		to.add(from.letters[uid])
		if moves {
			delete(from.letters, uid)
			from.expunged[uid] = from.modseq + 1
		}
	}
	if diff := cmp.Diff(CopyResult{to.validity, source, dest}, r); diff != "" {
		t.Fatal(diff)
	}
}

func (p *play) create(t *rapid.T) {
	a := p.account(t)
	name := rapid.SampledFrom([]string{"a", "a/b", "a/b/c", "z", "inbox/x"}).Draw(t, "name")
	stored, _ := ValidName(name)
	row, err := p.h.CreateMailbox(t.Context(), a, name, "")
	if p.m.accounts[a][stored] != nil {
		if !errors.Is(err, ErrExists) {
			t.Fatalf("created twice: %v", err)
		}
		return
	}
	ok(t, err)
	for _, n := range append(parents(stored), stored) {
		if p.m.accounts[a][n] == nil {
			p.adopt(t, a, n)
		}
	}
	if row.UIDValidity != p.m.accounts[a][stored].validity {
		t.Fatalf("%+v", row)
	}
}

// adopt takes a new mailbox into the model.
func (p *play) adopt(t *rapid.T, a AccountID, name string) {
	row, err := p.h.Mailbox(t.Context(), a, name)
	ok(t, err)
	for _, m := range p.m.accounts[a] {
		if m.validity == row.UIDValidity {
			t.Fatalf("%q repeats the UIDVALIDITY of another", name)
		}
	}
	p.m.accounts[a][name] = newModelBox(row)
}

func (m *model) children(a AccountID, name string) (below []string) {
	for other := range m.accounts[a] {
		if strings.HasPrefix(other, name+"/") {
			below = append(below, other)
		}
	}
	return below
}

func (p *play) delete(t *rapid.T) {
	a := p.account(t)
	name, m := p.pick(t, a)
	err := p.h.DeleteMailbox(t.Context(), a, name)
	switch {
	case name == inbox:
		if !errors.Is(err, ErrInbox) {
			t.Fatal(err)
		}
	case len(p.m.children(a, name)) > 0:
		if !errors.Is(err, ErrHasChildren) {
			t.Fatal(err)
		}
	default:
		ok(t, err)
		delete(p.m.accounts[a], name)
		if v := p.views[m.id]; v != nil && !v.Snapshot().Gone {
			t.Fatal("the view of a deleted mailbox does not say so")
		}
	}
}

func (p *play) rename(t *rapid.T) {
	a := p.account(t)
	from, m := p.pick(t, a)
	to := rapid.SampledFrom([]string{"n", "n/m", "a/x", "z"}).Draw(t, "to")
	err := p.h.RenameMailbox(t.Context(), a, from, to)
	switch {
	case p.m.accounts[a][to] != nil:
		if !errors.Is(err, ErrExists) {
			t.Fatal(err)
		}
		return
	case strings.HasPrefix(to, from+"/"):
		if !errors.Is(err, ErrBadName) {
			t.Fatal(err)
		}
		return
	}
	ok(t, err)
	for _, n := range parents(to) {
		if p.m.accounts[a][n] == nil {
			p.adopt(t, a, n)
		}
	}
	if from == inbox {
		p.adopt(t, a, to)
		for _, uid := range m.uids() {
			p.m.accounts[a][to].add(m.letters[uid])
			delete(m.letters, uid)
			m.expunged[uid] = m.modseq + 1
		}
		return
	}
	for _, n := range append(p.m.children(a, from), from) {
		p.m.accounts[a][to+strings.TrimPrefix(n, from)] = p.m.accounts[a][n]
		delete(p.m.accounts[a], n)
	}
}

func (p *play) look(t *rapid.T) {
	_, m := p.pick(t, p.account(t))
	if p.views[m.id] != nil {
		return
	}
	v, err := p.h.View(t.Context(), m.id)
	ok(t, err)
	p.views[m.id] = v
}

func (p *play) tidy(t *rapid.T) {
	if rapid.Bool().Draw(t, "sweep") {
		ok(t, p.h.Sweep(t.Context(), 0))
		return
	}
	ok(t, p.h.clean(t.Context()))
}

// check compares everything.
func (p *play) check(t *rapid.T) {
	for a, boxes := range p.m.accounts {
		list, _, err := p.h.Mailboxes(t.Context(), a)
		ok(t, err)
		var usage quota.Usage
		names := []string{}
		for _, row := range list {
			names = append(names, row.Name)
			m := boxes[row.Name]
			if m == nil {
				t.Fatalf("mailbox %q is too many", row.Name)
			}
			p.checkBox(t, &row, m)
			usage.Bytes += row.Bytes
			usage.Messages += int64(row.Messages)
			usage.Mailboxes++
		}
		slices.Sort(names)
		if want := slices.Sorted(maps.Keys(boxes)); !slices.Equal(names, want) {
			t.Fatalf("mailboxes %q, want %q", names, want)
		}
		if now, _, err := p.h.Usage(t.Context(), a); err != nil || now != usage {
			t.Fatalf("usage %+v, mailboxes hold %+v (%v)", now, usage, err)
		}
	}
	if wrong, err := p.h.CheckReferences(t.Context()); wrong != 0 || err != nil {
		t.Fatalf("%d wrong references (%v)", wrong, err)
	}
}

func (p *play) checkBox(t *rapid.T, row *Mailbox, m *modelBox) {
	want := Mailbox{ID: m.id, UIDValidity: m.validity, UIDNext: m.next}
	for _, l := range m.letters {
		want.Messages++
		want.Bytes += l.size()
		want.Unseen += one(!strings.Contains(l.flags, `\Seen`))
		want.Deleted += one(strings.Contains(l.flags, `\Deleted`))
	}
	got := Mailbox{ID: row.ID, UIDValidity: row.UIDValidity, UIDNext: row.UIDNext,
		Messages: row.Messages, Bytes: row.Bytes, Unseen: row.Unseen, Deleted: row.Deleted}
	if got != want {
		t.Fatalf("%q is %+v, want %+v", row.Name, got, want)
	}
	if row.ModSeq < m.modseq {
		t.Fatalf("%q went back to modseq %d", row.Name, row.ModSeq)
	}
	v, err := p.h.View(t.Context(), m.id)
	ok(t, err)
	defer v.Close()
	if v.Snapshot().ModSeq != row.ModSeq {
		t.Fatalf("view of %q is at modseq %d, not %d", row.Name, v.Snapshot().ModSeq, row.ModSeq)
	}
	p.checkLetters(t, v, m)
	p.checkHistory(t, m)
	m.modseq = row.ModSeq
}

func (p *play) checkLetters(t *rapid.T, v *View, m *modelBox) {
	s := v.Snapshot()
	if !slices.Equal(s.UIDs, m.uids()) || s.UIDNext != m.next {
		t.Fatalf("view has %v, want %v", s.UIDs, m.uids())
	}
	entries := v.Entries(nil, s.UIDs)
	var changed []Entry
	for _, e := range entries {
		if got, want := flagText(v.FlagNames(e.Flags)), m.letters[e.UID].flags; got != want {
			t.Fatalf("uid %d has %q, want %q", e.UID, got, want)
		}
		if e.ModSeq > m.modseq {
			changed = append(changed, e)
		}
	}
	if got := v.Changed(nil, s.UIDs, m.modseq); !slices.Equal(got, changed) {
		t.Fatalf("changed since %d: %v, want %v", m.modseq, got, changed)
	}
	i := 0
	ok(t, p.h.Rows(t.Context(), m.id, allUIDs(), WithHeader, func(r *Row) error {
		l := m.letters[r.UID]
		if r.UID != s.UIDs[i] || r.Size != l.size() || string(r.Prefix) != l.prefix {
			return fmt.Errorf("row %+v, want %+v", r, l)
		}
		i++
		return nil
	}))
	if i != len(s.UIDs) {
		t.Fatalf("%d rows of %d", i, len(s.UIDs))
	}
}

func (p *play) checkHistory(t *rapid.T, m *modelBox) {
	var want imap.UIDSet
	for _, uid := range slices.Sorted(maps.Keys(m.expunged)) {
		if m.expunged[uid] > m.modseq {
			want = appendUID(want, uid)
		}
	}
	got, complete, err := p.h.Expunged(t.Context(), m.id, m.modseq)
	ok(t, err)
	if diff := cmp.Diff(want, got); diff != "" || !complete {
		t.Fatalf("expunged since %d: %s; complete %v", m.modseq, diff, complete)
	}
}

// checkBodies reads every message.
func (p *play) checkBodies(t *rapid.T) {
	for _, boxes := range p.m.accounts {
		for _, m := range boxes {
			ok(t, p.h.Rows(t.Context(), m.id, allUIDs(), 0, func(r *Row) error {
				b, err := p.h.OpenBody(t.Context(), r.Message)
				if err != nil {
					return err
				}
				defer b.Close()
				var text strings.Builder
				if _, err := b.WriteTo(&text); err != nil {
					return err
				}
				if l := m.letters[r.UID]; text.String() != l.prefix+l.text {
					return fmt.Errorf("uid %d reads %q", r.UID, text.String())
				}
				return nil
			}))
		}
	}
}

// leave removes the accounts: nothing of them may be left.
func (p *play) leave(t *rapid.T) {
	p.lookAway()
	for a := range p.m.accounts {
		ok(t, p.h.RemoveAccount(t.Context(), a))
	}
	ok(t, p.h.Sweep(t.Context(), 0))
	for _, table := range []string{"account", "mailbox", "subscription", "keyword", "entry", "message", "copies", "dropped", "thread_ref", "expunged", "blob", "metadata", "acl", "member", "url_key", "seen", "imprint"} {
		if n := p.h.count(`SELECT count(*) FROM ` + table); n != 0 {
			t.Fatalf("%d rows left in %s", n, table)
		}
	}
}

// The store does as the model does, whatever is asked of it in whatever order,
// also after it was closed and opened again.
func TestModel(t *testing.T) {
	t.Parallel()
	h := start(t, t.TempDir(), playOptions)
	defer func() { h.stop() }()
	next := AccountID(1)
	rapid.Check(t, func(r *rapid.T) {
		p := newPlay(r, h, next, next+1)
		next += 2
		r.Repeat(map[string]func(*rapid.T){
			"append": p.append, "append again": p.append, "flags": p.setFlags, "flags again": p.setFlags,
			"expunge": p.expunge, "copy": p.copy, "move": p.move,
			"create": p.create, "delete": p.delete, "rename": p.rename, "look": p.look, "tidy": p.tidy,
			"check": p.check, "check again": p.check,
		})
		p.check(r)
		if rapid.IntRange(0, 9).Draw(r, "restart") == 0 {
			p.restart(r)
			p.check(r)
		}
		p.checkBodies(r)
		p.leave(r)
	})
}

package store

import (
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
)

// to is a change to exactly these rights.
func to(r Rights) func(Rights) Rights { return func(Rights) Rights { return r } }

func TestRightsText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "lr": "lr", "rl": "lr", "c": "kxc", "d": "ted", "x": "xc", "t": "td", "lrswipkxtea": "lrswipkxteacd", "cd": "kxtecd",
	} {
		r, err := ParseRights(in)
		if got := r.Compatible(); got != want || err != nil {
			t.Errorf("%q became %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"q", "L", "l r", "0", "ä"} {
		if _, err := ParseRights(in); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
	if r, _ := ParseRights("lrswipkxtea"); r != AllRights {
		t.Errorf("%b are not all", r)
	}
}

func TestGrant(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx, in := t.Context(), h.box("INBOX")
	v := h.view(in)
	want := func(when string, who AccountID, r Rights) {
		t.Helper()
		stored, err := h.Rights(ctx, in, who)
		if must(t, err); stored != r || v.Rights(who) != r {
			t.Errorf("%s: account %d has %q, in the view %q, want %q", when, who, stored, v.Rights(who), r)
		}
	}
	want("owner", alice, AllRights)
	want("nobody", bob, 0)
	must(t, h.Grant(ctx, in, bob, to(Lookup|Read)))
	must(t, h.Grant(ctx, in, Anyone, to(Lookup|Insert)))
	want("both", bob, Lookup|Read|Insert)
	want("anyone", 99, Lookup|Insert)
	must(t, h.Grant(ctx, in, bob, func(r Rights) Rights { return r&^Lookup | Write }))
	must(t, h.Grant(ctx, in, Anyone, to(0)))
	want("changed", bob, Read|Write)
	want("nobody", 99, 0)
	fresh := h.view(in)
	if r := fresh.Rights(bob); r != Read|Write {
		t.Errorf("a view that was loaded after it says %q", r)
	}
	must(t, h.Grant(ctx, in, bob, to(0)))
	if n := h.count(`SELECT count(*) FROM acl`); n != 0 {
		t.Errorf("%d rows for nothing", n)
	}
}

func TestShared(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx := t.Context()
	must(t, h.Grant(ctx, h.box("Sent"), bob, to(Read)))
	must(t, h.Grant(ctx, h.box("Sent"), Anyone, to(Lookup)))
	must(t, h.Grant(ctx, h.box("INBOX"), Anyone, to(Insert)))
	must(t, h.Grant(ctx, h.boxOf(bob, "Trash"), Anyone, to(Insert)))
	h.fill(h.box("INBOX"), 3)
	list, err := h.Shared(ctx, bob)
	must(t, err)
	var got []string
	for _, m := range list {
		got = append(got, m.Name+" "+m.Rights.String())
	}
	if diff := cmp.Diff([]string{"INBOX i", "Sent lr"}, got); diff != "" {
		t.Error(diff)
	}
	if m := list[0]; m.Messages != 3 || m.Recent != 3 || m.Account != alice {
		t.Errorf("%+v", m)
	}
	must(t, h.DeleteMailbox(ctx, alice, "Sent"))
	if list, _ := h.Shared(ctx, bob); len(list) != 1 {
		t.Errorf("%d mailboxes after one was deleted", len(list))
	}
}

// Members of a team have their rights on what is there and on what is made.
func TestMembers(t *testing.T) {
	t.Parallel()
	const team AccountID = 50
	h := build(t)
	ctx := t.Context()
	must(t, h.EnsureAccount(ctx, team))
	must(t, h.SetMember(ctx, team, alice, FullRights|Administer))
	must(t, h.SetMember(ctx, team, bob, ReadRights))
	_, err := h.CreateMailbox(ctx, team, "Projects/2026", "")
	must(t, err)
	must(t, h.Grant(ctx, h.boxOf(team, "Projects"), bob, to(0)))
	_, err = h.CreateMailbox(ctx, team, "Projects/2027", "")
	must(t, err)
	for name, want := range map[string]Rights{"INBOX": ReadRights, "Projects/2026": ReadRights, "Projects": 0, "Projects/2027": 0} {
		if r, err := h.Rights(ctx, h.boxOf(team, name), bob); r != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, r, err, want)
		}
	}
	must(t, h.SetMember(ctx, team, bob, 0))
	if list, err := h.Shared(ctx, bob); len(list) != 0 || err != nil {
		t.Errorf("who left still has %d mailboxes, %v", len(list), err)
	}
	members, err := h.Members(ctx, team)
	if must(t, err); !slices.Equal(members, []Grant{{alice, FullRights | Administer}}) {
		t.Errorf("members %v", members)
	}
	must(t, h.RemoveAccount(ctx, alice))
	must(t, h.RemoveAccount(ctx, team))
	if n := h.count(`SELECT (SELECT count(*) FROM acl) + (SELECT count(*) FROM member)`); n != 0 {
		t.Errorf("%d rights are left", n)
	}
}

// What somebody may not set is left behind by COPY and MOVE, and stays as it was
// under STORE.
func TestFlagsWithinRights(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx, in, to := t.Context(), h.box("INBOX"), h.boxOf(bob, "INBOX")
	all := []imap.Flag{imap.FlagSeen, imap.FlagDeleted, imap.FlagFlagged, "word"}
	h.fill(in, 2, all...)
	_, err := h.CopyAs(ctx, 0, in, span(1, 1), to, KeepSeen.Flags())
	must(t, err)
	_, err = h.MoveAs(ctx, 0, in, span(1, 1), to, Write.Flags())
	must(t, err)
	v := h.view(to)
	for uid, want := range map[imap.UID][]imap.Flag{1: {imap.FlagSeen}, 2: {imap.FlagFlagged, "word"}} {
		e, _ := v.Entry(uid)
		if got := v.FlagNames(e.Flags); !slices.Equal(got, want) {
			t.Errorf("uid %d has %v, want %v", uid, got, want)
		}
	}
	_, err = h.SetFlags(ctx, in, span(2, 2), FlagChange{Op: imap.StoreFlagsSet, Flags: []imap.Flag{imap.FlagDraft}, Within: Seen | Draft})
	must(t, err)
	vin := h.view(in)
	e, _ := vin.Entry(2)
	if got, want := vin.FlagNames(e.Flags), []imap.Flag{imap.FlagFlagged, imap.FlagDeleted, imap.FlagDraft, "word"}; !slices.Equal(got, want) {
		t.Errorf("set within two of them: %v, want %v", got, want)
	}
}

package directory

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestInvitation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	const eve, evesPassword = "eve@home.example", "entirely new 5"
	_, err := h.AddUser(ctx, eve, "Eve", "")
	must(t, err)
	old, _, err := h.Invite(ctx, eve)
	must(t, err)
	token, until, err := h.Invite(ctx, eve)
	must(t, err)
	if want := h.clock.Now().Add(InvitationTime); !until.Equal(want) {
		t.Errorf("good until %v, want %v", until, want)
	}
	for _, bad := range []string{old, "", token[:10], token + "x"} {
		if _, err := h.Invited(ctx, bad); !errors.Is(err, ErrBadInvitation) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if user, err := h.Invited(ctx, token); err != nil || user.Address != eve {
		t.Errorf("invited is %v, %v", user, err)
	}
	if _, err := h.AcceptInvitation(ctx, token, "short"); !errors.Is(err, ErrWeakPassword) {
		t.Errorf("a weak password: %v", err)
	}
	_, err = h.AcceptInvitation(ctx, token, evesPassword)
	must(t, err)
	must(t, h.signIn(t, "192.0.2.1", eve, evesPassword))
	if _, err := h.AcceptInvitation(ctx, token, "yet another 6"); !errors.Is(err, ErrBadInvitation) {
		t.Errorf("used again: %v", err)
	}

	token, until, err = h.Invite(ctx, eve)
	must(t, err)
	h.clock.advance(until.Sub(h.clock.Now()))
	if _, err := h.AcceptInvitation(ctx, token, "yet another 6"); !errors.Is(err, ErrBadInvitation) {
		t.Errorf("too late: %v", err)
	}
	if _, _, err := h.Invite(ctx, "nobody@home.example"); !errors.Is(err, ErrNoSuchUser) {
		t.Errorf("nobody: %v", err)
	}
}

func TestInvitationOfDisabledUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token, _, err := h.Invite(t.Context(), bob)
	must(t, err)
	must(t, h.SetDisabled(t.Context(), bob, true))
	if _, err := h.AcceptInvitation(t.Context(), token, "entirely new 5"); !errors.Is(err, ErrDisabled) {
		t.Errorf("disabled: %v", err)
	}
}

func TestLeaving(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	var endings []Ending
	h.OnEnding(func(e Ending) { endings = append(endings, e) })
	due, err := h.Leave(ctx, bob, 14*24*time.Hour)
	must(t, err)
	if err := h.signIn(t, "192.0.2.1", bob, bobsPassword); !errors.Is(err, ErrDisabled) {
		t.Errorf("leaving: %v", err)
	}
	if !slices.Equal(endings, []Ending{{User: 2, All: true}}) {
		t.Errorf("what ends is %+v", endings)
	}
	all, err := h.Leavers(ctx)
	must(t, err)
	if len(all) != 1 || all[0].Address != bob || !all[0].Due.Equal(due) || !all[0].Asked.Equal(h.clock.Now()) {
		t.Errorf("leavers: %+v", all)
	}
	must(t, h.Stay(ctx, bob))
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	if err := h.Stay(ctx, bob); !errors.Is(err, ErrNotLeaving) {
		t.Errorf("stays again: %v", err)
	}

	// Who was disabled before is so afterwards; who is enabled stays.
	must(t, h.SetDisabled(ctx, bob, true))
	_, err = h.Leave(ctx, bob, time.Hour)
	must(t, err)
	_, err = h.Leave(ctx, bob, 2*time.Hour)
	must(t, err)
	must(t, h.Stay(ctx, bob))
	if user, err := h.User(ctx, bob); err != nil || !user.Disabled {
		t.Errorf("was disabled before: %+v, %v", user, err)
	}
	_, err = h.Leave(ctx, bob, time.Hour)
	must(t, err)
	must(t, h.SetDisabled(ctx, bob, false))
	if all, err := h.Leavers(ctx); err != nil || len(all) != 0 {
		t.Errorf("enabled, and leaves: %+v, %v", all, err)
	}
}

func TestSignInsOfUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.signIn(t, "192.0.2.1", bob, bobsPassword))
	h.signIn(t, "192.0.2.2", bob, "a wrong guess")
	must(t, h.signIn(t, "192.0.2.3", ann, annsPassword))
	events, err := h.SignIns(t.Context(), "Bob@home.example", 10)
	must(t, err)
	var got []string
	for _, e := range events {
		got = append(got, e.Action+" "+e.Remote)
	}
	if want := []string{"signin.bad 192.0.2.2", "signin.ok 192.0.2.1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if events, err := h.SignIns(t.Context(), bob, 1); err != nil || len(events) != 1 {
		t.Errorf("at most one: %v, %v", events, err)
	}
}

package directory

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddUserRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t, "info@home.example ann@home.example")
	tests := []struct {
		address, name, password string
		want                    error
		hint                    string
	}{
		{"carl@elsewhere.example", "", "", ErrNotOurs, "letterbox domain add elsewhere.example"},
		{"BOB@home.example", "", "", ErrExists, "user"},
		{"info@home.example", "", "", ErrExists, "letterbox alias remove info@home.example"},
		{"carl+x@home.example", "", "", ErrBadAddress, "+"},
		{"*@home.example", "", "", ErrBadAddress, ""},
		{"carl", "", "", ErrBadAddress, "@"},
		{"carl@home.example", "", "short", ErrWeakPassword, "8 characters"},
		{"carl@home.example", "", "carl@home.example", ErrWeakPassword, "address"},
		{"carl@home.example", "Carl\r\nBcc: x", "", nil, "control"},
	}
	for _, test := range tests {
		_, err := h.AddUser(t.Context(), test.address, test.name, test.password)
		if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("%s: %v, want %v with %q", test.address, err, test.want, test.hint)
		}
	}
	if users, err := h.Users(t.Context()); err != nil || len(users) != 2 {
		t.Errorf("%d users, %v", len(users), err)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	added, err := h.AddUser(t.Context(), "Jürgen@Office.Example", "Jürgen", "")
	must(t, err)
	byAddress, err := h.User(t.Context(), "JÜRGEN@office.example")
	must(t, err)
	byID, err := h.UserByID(t.Context(), added.ID)
	must(t, err)
	want := &User{ID: added.ID, Address: "jürgen@office.example", Name: "Jürgen", Created: h.clock.Now()}
	for _, got := range []*User{added, byAddress, byID} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	all, err := h.Users(t.Context())
	must(t, err)
	var addresses []string
	for _, user := range all {
		addresses = append(addresses, user.Address)
	}
	if diff := cmp.Diff([]string{ann, bob, "jürgen@office.example"}, addresses); diff != "" {
		t.Error(diff)
	}
}

// Whoever comes after a removed user must not get their number, which is that of
// their mail.
func TestUserNumbersAreNotGivenTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before, err := h.User(t.Context(), bob)
	must(t, err)
	must(t, h.RemoveUser(t.Context(), bob))
	after, err := h.AddUser(t.Context(), bob, "", "")
	if must(t, err); after.ID == before.ID {
		t.Errorf("number %d again", after.ID)
	}
	if _, err := h.UserByID(t.Context(), before.ID); !errors.Is(err, ErrNoSuchUser) {
		t.Errorf("removed user: %v", err)
	}
}

func TestNoSuchUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, nobody := t.Context(), "nobody@home.example"
	_, lookup := h.User(ctx, nobody)
	for what, err := range map[string]error{
		"look up": lookup, "password": h.SetPassword(ctx, nobody, "a good password"), "disable": h.SetDisabled(ctx, nobody, true),
		"role": h.SetRole(ctx, nobody, "admin"), "name": h.SetName(ctx, nobody, "x"), "remove": h.RemoveUser(ctx, nobody),
	} {
		if !errors.Is(err, ErrNoSuchUser) || !strings.Contains(err.Error(), nobody) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	added, err := h.AddDomain(ctx, "BÜCHER.example")
	if must(t, err); added.Name != "xn--bcher-kva.example" {
		t.Errorf("got %s", added.Name)
	}
	if _, err := h.AddDomain(ctx, "bücher.example"); !errors.Is(err, ErrExists) {
		t.Errorf("twice: %v", err)
	}
	for _, bad := range []string{"", "a b", "-", "x..y", "[192.0.2.1]", "ann@x.example"} {
		if _, err := h.AddDomain(ctx, bad); !errors.Is(err, ErrBadAddress) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := h.RemoveDomain(ctx, "home.example"); !errors.Is(err, ErrNotEmpty) || !strings.Contains(fmt.Sprint(err), "2 users and 0 aliases") {
		t.Errorf("inhabited: %v", err)
	}
	must(t, h.RemoveDomain(ctx, "office.example"))
	if err := h.RemoveDomain(ctx, "office.example"); !errors.Is(err, ErrNotOurs) {
		t.Errorf("removed: %v", err)
	}
	all, err := h.Domains(ctx)
	if must(t, err); len(all) != 2 || all[0].Name != "home.example" || all[1] != *added {
		t.Errorf("got %v", all)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if value, set, err := h.Setting(t.Context(), "a.b"); value != "" || set || err != nil {
		t.Errorf("unset: %q, %v, %v", value, set, err)
	}
	for _, want := range []string{"one", ""} {
		must(t, h.SetSetting(t.Context(), "a.b", want))
		if value, set, err := h.Setting(t.Context(), "a.b"); value != want || !set || err != nil {
			t.Errorf("set to %q: %q, %v, %v", want, value, set, err)
		}
	}
}

// A team has an address that mail reaches, and nobody who signs in.
func TestTeams(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, office := t.Context(), "office@home.example"
	team, err := h.AddTeam(ctx, office, "Office")
	must(t, err)
	found, err := h.User(ctx, office)
	if must(t, err); !found.Team || found.ID != team.ID {
		t.Errorf("found %+v", found)
	}
	if err := h.SetPassword(ctx, office, "a good password"); !errors.Is(err, ErrTeam) {
		t.Errorf("password: %v", err)
	}
	if err := h.SetRole(ctx, office, "admin"); !errors.Is(err, ErrTeam) {
		t.Errorf("role: %v", err)
	}
	to, err := h.Resolve(ctx, "office+orders@home.example")
	if must(t, err); len(to) != 1 || to[0].User == nil || to[0].User.ID != team.ID {
		t.Errorf("mail goes to %+v", to)
	}
	people, err := h.Users(ctx)
	must(t, err)
	for _, user := range people {
		if user.ID == team.ID {
			t.Error("a team among the users")
		}
	}
	teams, err := h.Teams(ctx)
	if must(t, err); len(teams) != 1 || !teams[0].Team {
		t.Errorf("teams %+v", teams)
	}
	named, err := h.UserNamed(ctx, ann)
	if must(t, err); named.Address != ann {
		t.Errorf("named %+v", named)
	}
}

package directory

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// targetsOf is where an alias leads.
func (h *house) targetsOf(t *testing.T, address string) (targets []string) {
	t.Helper()
	all, err := h.Aliases(t.Context())
	must(t, err)
	for _, a := range all {
		if a.Address == address {
			targets = a.Targets
		}
	}
	return targets
}

func TestSetAlias(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const club = "club@home.example"
	set := func(targets ...string) error { return h.SetAlias(t.Context(), Alias{"Club@home.example", targets}) }
	for _, targets := range [][]string{
		{ann, "Carl@far.example"},
		{ann, bob},
		{bob, "BOB@home.example", bob},
	} {
		must(t, set(targets...))
	}
	if diff := cmp.Diff([]string{bob}, h.targetsOf(t, club)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	many := []string{}
	for i := range maxTargets {
		many = append(many, fmt.Sprintf("member%d@far.example", i))
	}
	must(t, set(many...))
	if err := set(append(many, ann)...); !errors.Is(err, ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	must(t, set())
	if got := h.targetsOf(t, club); got != nil {
		t.Errorf("it still leads to %q", got)
	}
}

// TestSetAliasRefuses: what cannot be is said of the target, and nothing changes.
func TestSetAliasRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t, "club@home.example "+ann, "inner@home.example club@home.example")
	for _, test := range []struct {
		address string
		target  string // behind one that is right
		want    error
		blames  bool // the target
	}{
		{"club@home.example", "nobody@home.example", ErrNoSuchUser, true},
		{"club@home.example", "inner@home.example", ErrLoop, true},
		{"club@home.example", "*@far.example", ErrBadAddress, true},
		{"club@home.example", "nonsense", ErrBadAddress, true},
		{ann, "a@far.example", ErrExists, false},
		{"ann+club@home.example", "a@far.example", ErrBadAddress, false},
		{"club@far.example", "a@far.example", ErrNotOurs, false},
		{"nonsense", "a@far.example", ErrBadAddress, false},
	} {
		err := h.SetAlias(t.Context(), Alias{test.address, []string{bob, test.target}})
		bad := (*TargetError)(nil)
		if !errors.Is(err, test.want) || errors.As(err, &bad) != test.blames || test.blames && bad.Target != test.target {
			t.Errorf("%s to %s: %v", test.address, test.target, err)
		}
	}
	if diff := cmp.Diff([]string{ann}, h.targetsOf(t, "club@home.example")); diff != "" {
		t.Errorf("something changed:\n%s", diff)
	}
}

package directory

import (
	"errors"
	"slices"
	"testing"
)

func TestCheckSeparators(t *testing.T) {
	t.Parallel()
	for separators, good := range map[string]bool{
		"": true, "+": true, "-": true, "+-_=#~^": true, "++": false, ".": false, "@": false, "*": false, "a": false, " ": false, "ä": false,
	} {
		if err := CheckSeparators(separators); (err == nil) != good {
			t.Errorf("%q: %v", separators, err)
		}
	}
}

func TestReadings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		separators, local string
		want              []reading
	}{
		{"+", "ann", []reading{{"ann", "d"}}},
		{"+", "ann+x+y", []reading{{"ann+x+y", "d"}, {"ann+x", "y"}, {"ann", "x+y"}}},
		{"+", "ann+", []reading{{"ann+", "d"}, {"ann", "d"}}},
		{"+", "+x", []reading{{"+x", "d"}}},
		{"", "ann+x", []reading{{"ann+x", "d"}}},
		{"+-", "ann-maria+x", []reading{{"ann-maria+x", "d"}, {"ann-maria", "x"}, {"ann", "maria+x"}}},
		{"+", "a+b+c+d+e+f", []reading{{"a+b+c+d+e+f", "d"}, {"a+b+c+d", "e+f"}, {"a+b+c", "d+e+f"}, {"a+b", "c+d+e+f"}, {"a", "b+c+d+e+f"}}},
	} {
		d := &Directory{separators: test.separators}
		if got := d.readings(test.local, "d"); !slices.Equal(got, test.want) {
			t.Errorf("%q with %q: %v", test.local, test.separators, got)
		}
	}
}

// TestSeparatorInNames: where - separates, who has one in their name comes first, and
// nobody can take an address that is another's already.
func TestSeparatorInNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.separators = "-+"
	for address, want := range map[string]error{
		"ann-x@home.example": ErrExists, "carl-x@home.example": nil, "carl+x@home.example": ErrBadAddress, "dora-y+x@home.example": ErrBadAddress,
	} {
		if _, err := h.AddUser(t.Context(), address, "", annsPassword); !errors.Is(err, want) {
			t.Errorf("user %s: %v", address, err)
		}
	}
	for address, want := range map[string]error{
		"ann-y@home.example": ErrExists, "all-of-us@home.example": nil, "all+us@home.example": ErrBadAddress,
	} {
		if err := h.AddAlias(t.Context(), address, bob); !errors.Is(err, want) {
			t.Errorf("alias %s: %v", address, err)
		}
	}
	_, err := h.AddUser(t.Context(), "carl@home.example", "", annsPassword)
	must(t, err)
	for address, want := range map[string]string{
		"carl-x@home.example": "carl-x@home.example", "carl-x-y@home.example": "carl-x@home.example y", "carl-y@home.example": "carl@home.example y",
		"all-of-us@home.example": bob, "all-of-us+x@home.example": bob + " x", "ann-a-b@home.example": ann + " a-b",
	} {
		found, err := h.Resolve(t.Context(), address)
		if must(t, err); len(found) != 1 || where(found)[0] != want {
			t.Errorf("%s goes to %v, want %s", address, where(found), want)
		}
	}
}

// TestLeadNowhere finds what a change of the separators left without an owner.
func TestLeadNowhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t, "info@home.example ann+info@home.example", "info@home.example bob@home.example", "far@home.example x+y@far.example")
	must(t, h.SetForward(t.Context(), Forward{bob, []string{"ann+bob@home.example"}, false}))
	if lost, err := h.LeadNowhere(t.Context()); len(lost) != 0 || err != nil {
		t.Errorf("lost before: %v, %v", lost, err)
	}
	h.separators = "-"
	lost, err := h.LeadNowhere(t.Context())
	if want := []string{"ann+bob@home.example", "ann+info@home.example"}; !slices.Equal(lost, want) || err != nil {
		t.Errorf("lost: %v, %v", lost, err)
	}
}

// TestRemovedTarget takes who goes out of what others pass on, and nobody else.
func TestRemovedTarget(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.separators = "-"
	_, err := h.AddUser(t.Context(), "carl-maria@home.example", "", annsPassword)
	must(t, err)
	_, err = h.AddUser(t.Context(), "carl@home.example", "", annsPassword)
	must(t, err)
	h.alias(t, "a@home.example carl-x@home.example", "a@home.example carl-maria@home.example")
	must(t, h.SetForward(t.Context(), Forward{bob, []string{"carl-x@home.example", "b@far.example"}, false}))
	must(t, h.RemoveUser(t.Context(), "carl@home.example"))
	aliases, err := h.Aliases(t.Context())
	must(t, err)
	forwards, err := h.Forwards(t.Context())
	must(t, err)
	if len(aliases) != 1 || !slices.Equal(aliases[0].Targets, []string{"carl-maria@home.example"}) {
		t.Errorf("aliases: %+v", aliases)
	}
	if len(forwards) != 1 || !slices.Equal(forwards[0].Targets, []string{"b@far.example"}) {
		t.Errorf("forwards: %+v", forwards)
	}
}

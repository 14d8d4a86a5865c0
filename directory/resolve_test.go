package directory

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"letterbox/database"
)

// alias adds "address target" pairs.
func (h *house) alias(t testing.TB, pairs ...string) {
	t.Helper()
	for _, pair := range pairs {
		address, target, _ := strings.Cut(pair, " ")
		must(t, h.AddAlias(t.Context(), address, target))
	}
}

// where writes recipients as "address", "address+detail" or "->forward".
func where(recipients []Recipient) []string {
	var all []string
	for _, r := range recipients {
		switch {
		case r.User == nil:
			all = append(all, "->"+r.Forward)
		case r.Detail != "":
			all = append(all, r.User.Address+" "+r.Detail)
		default:
			all = append(all, r.User.Address)
		}
	}
	return all
}

func TestResolve(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t,
		"team@office.example ann@home.example",
		"team@office.example bob@home.example",
		"sales@office.example team@office.example",
		"sales@office.example bob+sales@home.example",
		"sales@office.example Someone.Else@Elsewhere.Example",
		"sorted@office.example Bob+Sorted@home.example",
		"*@office.example bob@home.example",
	)
	tests := []struct {
		address string
		want    []string
		err     error
	}{
		{address: "ann@home.example", want: []string{ann}},
		{address: "ANN@HOME.EXAMPLE", want: []string{ann}},
		{address: `"ann"@home.example`, want: []string{ann}},
		{address: "ann+news@home.example", want: []string{ann + " news"}},
		{address: "ann+a+b@home.example", want: []string{ann + " a+b"}},
		{address: "ann+@home.example", want: []string{ann}},
		{address: "team@office.example", want: []string{ann, bob}},
		{address: "team+x@office.example", want: []string{ann + " x", bob + " x"}},
		{address: "sales@office.example", want: []string{"->Someone.Else@elsewhere.example", bob + " sales", ann}},
		{address: "sorted+x@office.example", want: []string{bob + " sorted"}},
		{address: "whoever@office.example", want: []string{bob}},
		{address: "who+ever@office.example", want: []string{bob}},
		{address: "postmaster@office.example", want: []string{bob}}, // by the catch-all
		{address: "Postmaster@home.example", want: []string{ann}},
		{address: "abuse@home.example", want: []string{ann}},
		{address: "POSTMASTER", want: []string{ann}},
		{address: "whoever@home.example", err: ErrNoSuchUser},
		{address: "+ann@home.example", err: ErrNoSuchUser},
		{address: "*@home.example", err: ErrNoSuchUser},
		{address: "ann@elsewhere.example", err: ErrNotOurs},
		{address: "ann@[192.0.2.1]", err: ErrNotOurs},
		{address: "ann", err: ErrBadAddress},
	}
	for _, test := range tests {
		got, err := h.Resolve(t.Context(), test.address)
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: error %v, want %v", test.address, err, test.err)
		}
		if diff := cmp.Diff(test.want, where(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.address, diff)
		}
		for _, r := range got {
			if r.Address != test.address {
				t.Errorf("%s: recipient says it was asked for as %s", test.address, r.Address)
			}
		}
	}
}

// A catch-all takes nothing from those who are there, and an alias comes before it.
func TestCatchAllComesLast(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t, "info@home.example ann@home.example", "*@home.example bob@home.example")
	for address, want := range map[string]string{ann: ann, "ann+x@home.example": ann + " x", "info@home.example": ann, "other@home.example": bob} {
		got, err := h.Resolve(t.Context(), address)
		if must(t, err); len(got) != 1 || where(got)[0] != want {
			t.Errorf("%s goes to %v, want %s", address, where(got), want)
		}
	}
}

func TestOtherSeparator(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.separators = "-"
	got, err := h.Resolve(t.Context(), "ann-news@home.example")
	if must(t, err); where(got)[0] != ann+" news" {
		t.Errorf("got %v", where(got))
	}
	if _, err := h.Resolve(t.Context(), "ann+news@home.example"); !errors.Is(err, ErrNoSuchUser) {
		t.Errorf("plus is no separator any more: %v", err)
	}
}

func TestAddAliasRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t, "a@home.example b.b@elsewhere.example", "c@home.example a@home.example", "d@home.example c+x@home.example",
		"*@office.example d@home.example", "*@home.example x@office.example")
	tests := []struct {
		address, target string
		want            error
		hint            string
	}{
		{"a@home.example", "a@home.example", ErrLoop, ""},
		{"a@home.example", "A+x@home.example", ErrLoop, ""},
		{"a@home.example", "d@home.example", ErrLoop, ""},
		{"a@home.example", "whoever@office.example", ErrLoop, ""}, // through the catch-all
		{"A@home.example", "b.b@ELSEWHERE.example", ErrExists, ""},
		{"ann@home.example", "bob@home.example", ErrExists, "user"},
		{"a@elsewhere.example", "bob@home.example", ErrNotOurs, "letterbox domain add elsewhere.example"},
		{"a+b@home.example", "bob@home.example", ErrBadAddress, ""},
		{"e@home.example", "*@elsewhere.example", ErrBadAddress, ""},
		{"e@home.example", "nonsense", ErrBadAddress, ""},
		{"nonsense", "bob@home.example", ErrBadAddress, ""},
	}
	before, err := h.Aliases(t.Context())
	must(t, err)
	for _, test := range tests {
		err := h.AddAlias(t.Context(), test.address, test.target)
		if !errors.Is(err, test.want) || !strings.Contains(fmt.Sprint(err), test.hint) {
			t.Errorf("%s to %s: %v, want %v with %q", test.address, test.target, err, test.want, test.hint)
		}
	}
	after, err := h.Aliases(t.Context())
	must(t, err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a refused alias left something behind:\n%s", diff)
	}
}

func TestAliasToNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	err := h.AddAlias(t.Context(), "a@home.example", "nobody@home.example")
	if !errors.Is(err, ErrNoSuchUser) || !strings.Contains(err.Error(), "letterbox user add nobody@home.example") {
		t.Errorf("got %v", err)
	}
}

func TestAliasDepth(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	target := ann
	for i := range maxAliasDepth + 1 {
		name := fmt.Sprintf("a%d@home.example", i)
		h.alias(t, name+" "+target)
		target = name
	}
	if err := h.AddAlias(t.Context(), "last@home.example", target); !errors.Is(err, ErrLoop) {
		t.Errorf("one more: %v", err)
	}
	got, err := h.Resolve(t.Context(), target)
	if must(t, err); len(got) != 1 || got[0].User.Address != ann {
		t.Errorf("the longest way leads to %v", where(got))
	}
}

// A circle that comes about by removing something is a dead end, not an error
// for everybody else's mail.
func TestCircleByRemoval(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t, "b@home.example bob@home.example", "a@home.example b@home.example",
		"*@home.example a@home.example", "*@home.example ann@home.example")
	must(t, h.RemoveAlias(t.Context(), "b@home.example", ""))
	got, err := h.Resolve(t.Context(), "whoever@home.example")
	if must(t, err); len(got) != 1 || got[0].User.Address != ann {
		t.Errorf("goes to %v", where(got))
	}
	must(t, h.RemoveAlias(t.Context(), "*@home.example", ann))
	if _, err := h.Resolve(t.Context(), "whoever@home.example"); !errors.Is(err, ErrNoSuchUser) {
		t.Errorf("nothing but a circle: %v", err)
	}
}

// Wide and deep aliases are followed once each: every level names the next one twice.
func TestResolveIsLinear(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t, "a0@home.example ann@home.example", "b0@home.example ann@home.example")
	for i := 1; i < maxAliasDepth; i++ {
		for _, from := range []string{"a", "b"} {
			h.alias(t, fmt.Sprintf("%s%d@home.example a%d@home.example", from, i, i-1),
				fmt.Sprintf("%s%d@home.example b%d@home.example", from, i, i-1))
		}
	}
	w := h.newWalk(nil, "")
	err := h.db.Read(t.Context(), func(c *database.Conn) error {
		counting := &countingQuerier{querier: c}
		w.q = counting
		_, err := w.follow(Address{fmt.Sprintf("a%d", maxAliasDepth-1), "home.example"}, "")
		if counting.queries > 30*maxAliasDepth {
			t.Errorf("%d queries", counting.queries)
		}
		return err
	})
	if must(t, err); len(w.found) != 1 {
		t.Errorf("goes to %v", where(w.found))
	}
}

type countingQuerier struct {
	querier
	queries int
}

func (c *countingQuerier) Query(query string, args ...any) (*sql.Rows, error) {
	c.queries++
	return c.querier.Query(query, args...)
}

func (c *countingQuerier) QueryRow(query string, args ...any) *sql.Row {
	c.queries++
	return c.querier.QueryRow(query, args...)
}

func TestRemoveUserTakesTargetsAlong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t, "team@home.example bob@home.example", "team@home.example ann@home.example",
		"sorted@home.example Bob+x@home.example", "*@office.example bob@home.example")
	must(t, h.RemoveUser(t.Context(), bob))
	_, err := h.AddUser(t.Context(), bob, "another Bob", "")
	must(t, err)
	got, err := h.Aliases(t.Context())
	must(t, err)
	if diff := cmp.Diff([]Alias{{"team@home.example", []string{ann}}}, got); diff != "" {
		t.Errorf("aliases (-want +got):\n%s", diff)
	}
}

func TestRemoveAlias(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t, "a@home.example ann@home.example", "a@home.example X@elsewhere.example", "a@home.example bob@home.example")
	if err := h.RemoveAlias(t.Context(), "a@home.example", "x@elsewhere.example"); !errors.Is(err, ErrNoSuchAlias) {
		t.Errorf("another case elsewhere may be another mailbox: %v", err)
	}
	must(t, h.RemoveAlias(t.Context(), "A@home.example", "X@elsewhere.example"))
	must(t, h.RemoveAlias(t.Context(), "a@home.example", "ANN@home.example"))
	got, err := h.Aliases(t.Context())
	must(t, err)
	if diff := cmp.Diff([]Alias{{"a@home.example", []string{bob}}}, got); diff != "" {
		t.Errorf("aliases (-want +got):\n%s", diff)
	}
}

func TestMaySendAs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.alias(t, "team@office.example ann@home.example", "all@office.example team@office.example",
		"out@office.example someone@elsewhere.example", "*@office.example bob@home.example")
	user := func(address string) int64 {
		u, err := h.User(t.Context(), address)
		must(t, err)
		return u.ID
	}
	tests := []struct {
		who, address string
		want         bool
	}{
		{ann, ann, true},
		{ann, "Ann+News@home.example", true},
		{ann, "team@office.example", true},
		{ann, "all@office.example", true},
		{ann, "postmaster@home.example", true},
		{ann, bob, false},
		{ann, "out@office.example", false},
		{ann, "whoever@office.example", false},
		{ann, "ann@elsewhere.example", false},
		{ann, "nonsense", false},
		{ann, "", false},
		{bob, "whoever@office.example", true},
		{bob, "team@office.example", false},
		{bob, ann, false},
	}
	for _, test := range tests {
		got, err := h.MaySendAs(t.Context(), user(test.who), test.address)
		if must(t, err); got != test.want {
			t.Errorf("%s as %s: %v", test.who, test.address, got)
		}
	}
}

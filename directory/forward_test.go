package directory

import (
	"errors"
	"strings"
	"testing"
)

// TestForward passes mail on, keeps a copy where that is wished, and loses none in
// circles.
func TestForward(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		forwards []Forward
		want     string // where mail for ann+x goes
	}{
		"nobody passes on": {nil, "ann@home.example x"},
		"away":             {[]Forward{{"ann@home.example", []string{"a@far.example", "b@far.example"}, false}}, "->a@far.example ->b@far.example"},
		"with a copy":      {[]Forward{{"ann@home.example", []string{"a@far.example"}, true}}, "->a@far.example ann@home.example x"},
		"to a housemate":   {[]Forward{{"ann@home.example", []string{"bob@home.example"}, false}}, "bob@home.example"},
		"further on": {[]Forward{{"ann@home.example", []string{"bob@home.example"}, false}, {"bob@home.example", []string{"b@far.example"}, false}},
			"->b@far.example"},
		"in a circle": {[]Forward{{"ann@home.example", []string{"bob@home.example"}, false}, {"bob@home.example", []string{"ann@home.example"}, false}},
			"ann@home.example"},
		"no more": {[]Forward{{"ann@home.example", []string{"a@far.example"}, false}, {"ann@home.example", nil, false}}, "ann@home.example x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			for _, f := range test.forwards {
				must(t, h.SetForward(t.Context(), f))
			}
			found, err := h.Resolve(t.Context(), "ann+x@home.example")
			must(t, err)
			if got := strings.Join(where(found), " "); got != test.want {
				t.Errorf("goes to %q, want %q", got, test.want)
			}
			anna, err := h.User(t.Context(), "ann@home.example")
			must(t, err)
			if own, err := h.MaySendAs(t.Context(), anna.ID, "ann@home.example"); !own || err != nil {
				t.Errorf("she may not write from her own address: %v", err)
			}
		})
	}
}

// TestForwardToNobody keeps mail whose target is gone.
func TestForwardToNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.AddAlias(t.Context(), "club@home.example", "c@far.example"))
	must(t, h.SetForward(t.Context(), Forward{"ann@home.example", []string{"club@home.example"}, false}))
	must(t, h.RemoveAlias(t.Context(), "club@home.example", ""))
	found, err := h.Resolve(t.Context(), "ann@home.example")
	must(t, err)
	if got := strings.Join(where(found), " "); got != "ann@home.example" {
		t.Errorf("goes to %q", got)
	}
}

func TestForwardRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, test := range []struct {
		f    Forward
		want error
	}{
		{Forward{"ann@home.example", []string{"ann+x@home.example"}, true}, ErrLoop},
		{Forward{"ann@home.example", []string{"nobody@home.example"}, true}, ErrNoSuchUser},
		{Forward{"ann@home.example", []string{"*@far.example"}, true}, ErrBadAddress},
		{Forward{"nobody@home.example", []string{"a@far.example"}, true}, ErrNoSuchUser},
		{Forward{"ann@home.example", make([]string, maxForwards+1), true}, nil},
	} {
		err := h.SetForward(t.Context(), test.f)
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%+v: %v, want %v", test.f, err, test.want)
		}
	}
	all, err := h.Forwards(t.Context())
	if len(all) != 0 || err != nil {
		t.Errorf("kept: %v, %v", all, err)
	}
}

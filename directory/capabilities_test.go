package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCapabilities(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	carl, err := h.AddUser(t.Context(), "carl@home.example", "", "")
	must(t, err)
	for _, want := range []Capabilities{
		{},
		{Withheld: []string{"QRESYNC", "NOTIFY"}, Offered: []string{"MESSAGELIMIT=1000"}},
		{Withheld: []string{"IDLE"}},
	} {
		must(t, h.SetCapabilities(t.Context(), "Carl@home.example", want))
		got, err := h.Capabilities(t.Context(), carl.ID)
		must(t, err)
		if diff := cmp.Diff(want.Withheld, got.Withheld); diff != "" && len(want.Withheld)+len(got.Withheld) > 0 {
			t.Error(diff)
		}
		if diff := cmp.Diff(want.Offered, got.Offered); diff != "" && len(want.Offered)+len(got.Offered) > 0 {
			t.Error(diff)
		}
	}
	must(t, h.RemoveUser(t.Context(), "carl@home.example"))
	if got, err := h.Capabilities(t.Context(), carl.ID); err != nil || len(got.Withheld) > 0 {
		t.Errorf("after the user went: %v, %v", got, err)
	}
	if err := h.SetCapabilities(t.Context(), "carl@home.example", Capabilities{}); err == nil {
		t.Error("capabilities of nobody were set")
	}
}

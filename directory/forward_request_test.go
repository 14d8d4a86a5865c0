package directory

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// ask asks an address with a token that is its name.
func (h *house) ask(t *testing.T, user *User, target string, keep bool) error {
	t.Helper()
	return h.db.Write(t.Context(), h.AskForward(t.Context(), user.ID, target, keep, target))
}

// goesTo is where mail for Ann goes.
func (h *house) goesTo(t *testing.T) string {
	t.Helper()
	found, err := h.Resolve(t.Context(), ann)
	must(t, err)
	return strings.Join(where(found), " ")
}

// TestForwardRequest: nothing goes anywhere before somebody there agreed.
func TestForwardRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, err := h.User(t.Context(), ann)
	must(t, err)
	must(t, h.ask(t, anna, "a@far.example", true))
	must(t, h.ask(t, anna, "b@far.example", false))
	must(t, h.ask(t, anna, "no@far.example", false))
	if got := h.goesTo(t); got != ann {
		t.Errorf("before anybody agreed it goes to %s", got)
	}
	r, err := h.ForwardRequest(t.Context(), "a@far.example")
	must(t, err)
	if r.User != ann || r.Target != "a@far.example" || !r.Until().Equal(h.clock.Now().Add(ForwardRequestTime)) {
		t.Errorf("asked: %+v", r)
	}
	must(t, h.AnswerForward(t.Context(), "a@far.example", true))
	must(t, h.AnswerForward(t.Context(), "b@far.example", true))
	must(t, h.AnswerForward(t.Context(), "no@far.example", false))
	if got, want := h.goesTo(t), "->a@far.example ->b@far.example "+ann; got != want {
		t.Errorf("it goes to %s, want %s: the copy stays as the first was asked", got, want)
	}
	for _, used := range []string{"a@far.example", "no@far.example", "never", ""} {
		if err := h.AnswerForward(t.Context(), used, true); !errors.Is(err, ErrBadForward) {
			t.Errorf("token %q: %v", used, err)
		}
	}
	must(t, h.KeepForwarded(t.Context(), anna.ID, false))
	must(t, h.StopForward(t.Context(), anna.ID, "a@far.example"))
	if got := h.goesTo(t); got != "->b@far.example" {
		t.Errorf("then it goes to %s", got)
	}
	must(t, h.StopForward(t.Context(), anna.ID, "b@far.example"))
	if got := h.goesTo(t); got != ann {
		t.Errorf("at last it goes to %s", got)
	}
	if err := h.StopForward(t.Context(), anna.ID, "b@far.example"); !errors.Is(err, ErrNoSuchAlias) {
		t.Errorf("stopped twice: %v", err)
	}
	if err := h.KeepForwarded(t.Context(), anna.ID, true); !errors.Is(err, ErrNoSuchAlias) {
		t.Errorf("a copy of nothing: %v", err)
	}
}

// TestForwardRequestEnds: a link counts no more when it is too old, withdrawn, or who
// asked is locked out.
func TestForwardRequestEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house, user *User) error{
		"too old":    func(h *house, _ *User) error { h.clock.advance(ForwardRequestTime); return nil },
		"withdrawn":  func(h *house, u *User) error { return h.StopForward(t.Context(), u.ID, "A@far.example") },
		"locked out": func(h *house, u *User) error { return h.SetDisabled(t.Context(), u.Address, true) },
		"gone":       func(h *house, u *User) error { return h.RemoveUser(t.Context(), u.Address) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			bobby, err := h.User(t.Context(), bob)
			must(t, err)
			must(t, h.ask(t, bobby, "a@far.example", true))
			must(t, end(h, bobby))
			if err := h.AnswerForward(t.Context(), "a@far.example", true); !errors.Is(err, ErrBadForward) && !errors.Is(err, ErrDisabled) {
				t.Errorf("agreed to: %v", err)
			}
			if all, err := h.Forwards(t.Context()); len(all) != 0 || err != nil {
				t.Errorf("passed on: %v, %v", all, err)
			}
		})
	}
}

// TestForwardRequestLimits: no address is asked twice, and not many.
func TestForwardRequestLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, err := h.User(t.Context(), ann)
	must(t, err)
	must(t, h.SetForward(t.Context(), Forward{ann, []string{"old@far.example"}, true}))
	for target, want := range map[string]error{
		"old@far.example": ErrExists, "ANN+x@home.example": ErrLoop, "nobody@home.example": ErrNoSuchUser,
		"nonsense": ErrBadAddress, "*@far.example": ErrBadAddress,
	} {
		if _, err := h.MayAskForward(t.Context(), anna.ID, target); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", target, err, want)
		}
		if err := h.ask(t, anna, target, true); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", target, err, want)
		}
	}
	for i := range maxForwardRequests {
		must(t, h.ask(t, anna, fmt.Sprintf("a%d@far.example", i), true))
	}
	must(t, h.AnswerForward(t.Context(), "a0@far.example", false))
	must(t, h.StopForward(t.Context(), anna.ID, "a1@far.example"))
	for target, want := range map[string]error{"A0@far.example": ErrAsked, "a1@FAR.example": ErrAsked, "other@far.example": ErrTooMany} {
		if err := h.ask(t, anna, target, true); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", target, err, want)
		}
	}
	if list, err := h.ForwardRequests(t.Context(), anna.ID); len(list) != maxForwardRequests-2 || err != nil {
		t.Errorf("waiting: %v, %v", list, err)
	}
	for i := 2; i < maxForwardRequests; i++ {
		must(t, h.AnswerForward(t.Context(), fmt.Sprintf("a%d@far.example", i), true))
	}
	h.clock.advance(ForwardRequestTime + time.Second)
	must(t, h.ask(t, anna, "a0@far.example", true))
	must(t, h.ask(t, anna, "a1@far.example", true))
	must(t, h.AnswerForward(t.Context(), "a0@far.example", true))
	if err := h.AnswerForward(t.Context(), "a1@far.example", true); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more than mail may go to: %v", err)
	}
	if _, err := h.ForwardRequest(t.Context(), "a1@far.example"); err != nil {
		t.Errorf("what could not be agreed to is asked no more: %v", err)
	}
}

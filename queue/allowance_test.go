package queue

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"letterbox/delivery"
)

// on submits a letter from Ann on a day, and returns what becomes of it.
func (h *house) on(day int, to ...string) error {
	at := time.Unix(1_800_000_000, 0).AddDate(0, 0, day)
	m := &Message{Account: h.ann.ID, Sender: "ann@home.example", Recipients: people(to...)}
	e := delivery.Envelope{ID: "t", Sender: m.Sender, User: h.ann, Protocol: "ESMTPSA", Received: at}
	return h.Accept(h.t.Context(), e, []byte(letter), nil, m)
}

// crowd are n addresses that nobody else has.
func crowd(name string, n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%s%d@far.example", name, i))
	}
	return list
}

func TestDailyLimits(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	h.Limits = Limits{Messages: 3, Strangers: 10}
	var over *LimitError
	for i := range 3 {
		must(t, h.on(0, "bob@far.example", fmt.Sprintf("cem%d@far.example", i)))
	}
	if err := h.on(0, "bob@far.example"); !errors.As(err, &over) {
		t.Errorf("the fourth message of a day: %v", err)
	}
	must(t, h.on(1, "bob@far.example"))
	if err := h.on(1, crowd("x", 11)...); !errors.As(err, &over) {
		t.Errorf("eleven strangers: %v", err)
	}
	must(t, h.on(1, crowd("y", 10)...)) // the refused ones do not count
	must(t, h.on(2, crowd("y", 10)...)) // they are strangers no more
	n, err := h.Count(t.Context())
	must(t, err)
	if n != 6 {
		t.Errorf("%d messages are queued, want 6", n)
	}
}

// TestForget leaves nothing about a user who is gone.
func TestForget(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	h.Limits = Limits{Strangers: 2}
	must(t, h.on(0, "bob@far.example", "cem@far.example"))
	must(t, h.Forget(t.Context(), h.ann.ID))
	must(t, h.on(0, "bob@far.example", "cem@far.example")) // strangers again, on an empty day
	var over *LimitError
	if err := h.on(0, "dan@far.example"); !errors.As(err, &over) {
		t.Errorf("a third stranger: %v", err)
	}
}

// TestBurst freezes who suddenly writes to far more strangers than ever: what
// waits is held, nothing more is taken, others are not touched, and the owner is
// told.
func TestBurst(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	h.Limits = Limits{Unusual: 5, HabitTimes: 2}
	ctx := t.Context()
	must(t, h.on(0, crowd("a", 5)...)) // as few as that is nobody's burst
	must(t, h.on(1, crowd("b", 10)...))
	must(t, h.on(2, crowd("c", 20)...)) // twice as many is a good day
	if err := h.on(3, crowd("d", 41)...); !errors.Is(err, ErrFrozen) {
		t.Fatalf("a burst: %v", err)
	}
	if err := h.on(3, "bob@far.example"); !errors.Is(err, ErrFrozen) {
		t.Errorf("after the burst: %v", err)
	}
	must(t, h.Accept(ctx, delivery.Envelope{ID: "t", Received: time.Now()}, []byte(letter), nil,
		&Message{Sender: "cem@near.example", Recipients: []Recipient{{Address: "bob@far.example", By: "club@home.example"}}}))
	items, err := h.List(ctx)
	must(t, err)
	if len(items) != 4 {
		t.Fatalf("%d messages are queued", len(items))
	}
	for _, item := range items {
		want := "held"
		if item.Account == 0 {
			want = "waiting"
		}
		for address, state := range item.States {
			if state != want {
				t.Errorf("%s is %s, want %s", address, state, want)
			}
		}
	}
	events, err := h.users.Audit(ctx, time.Time{}, 1)
	must(t, err)
	if events[0].Action != "queue.freeze" || events[0].Subject != "ann@home.example" {
		t.Errorf("%+v", events[0])
	}
	must(t, h.Thaw(ctx, h.ann.ID))
	must(t, h.on(3, "bob@far.example"))
	if err := h.Thaw(ctx, h.ann.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("thaw who is not frozen: %v", err)
	}
}

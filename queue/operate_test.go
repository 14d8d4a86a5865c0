package queue

import (
	"errors"
	"strings"
	"testing"

	"letterbox/database"
)

// TestOperate holds a message back, lets it go, and drops another.
func TestOperate(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	ctx := t.Context()
	far := startMX(t)
	h.place("192.0.2.1:25", far.addr)
	h.submit("bob@far.example")
	h.submit("cem@far.example")
	items, err := h.List(ctx)
	must(t, err)
	first, second := items[0].ID, items[1].ID
	must(t, h.Hold(ctx, first))
	must(t, h.Drop(ctx, second))
	h.start()
	h.submit("dan@far.example")
	far.wait(1)
	h.until("only the held one is left", func() bool { n, _ := h.Count(ctx); return n == 1 })
	if item, err := h.Show(ctx, first); err != nil || item.States["bob@far.example"] != "held" {
		t.Errorf("%+v, %v", item, err)
	}
	must(t, h.RetryAll(ctx)) // leaves alone what is held
	must(t, h.Retry(ctx, first))
	h.empty()
	if got := far.got(); len(got) != 2 || got[1].to()[0] != "bob@far.example" {
		t.Errorf("%+v", got)
	}
	for name, err := range map[string]error{
		"hold": h.Hold(ctx, second), "retry": h.Retry(ctx, second), "drop": h.Drop(ctx, second),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s what is gone: %v", name, err)
		}
	}
	if _, err := h.Show(ctx, second); !errors.Is(err, ErrNotFound) {
		t.Errorf("show what is gone: %v", err)
	}
	var held, blobs int
	must(t, h.DB.Read(ctx, func(c *database.Conn) error {
		return c.QueryRow(`SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM blob WHERE refs > 0)`).Scan(&held, &blobs)
	}))
	if held != 0 || blobs != 0 {
		t.Errorf("%d bodies are held, %d referred to, with an empty queue", held, blobs)
	}
}

// TestRetryNow tries at once what would wait.
func TestRetryNow(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	h.place("192.0.2.1:25", far.addr)
	far.answer(func(line string) string {
		if strings.HasPrefix(line, "MAIL") {
			return "450 later"
		}
		return ""
	})
	h.start()
	h.submit("bob@far.example")
	h.until("it was tried", func() bool { items, _ := h.List(t.Context()); return items[0].Progress[0].Attempts == 1 })
	far.answer(nil)
	must(t, h.RetryAll(t.Context()))
	h.empty()
}

package queue

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"letterbox/database"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/quota"
	"letterbox/store"
)

// accept takes the letter for Ann and for people elsewhere.
func (h *house) accept(local []directory.Recipient, remote *Message) error {
	e := delivery.Envelope{ID: "ID", Sender: "ann@home.example", Protocol: "ESMTPSA", User: h.ann, Received: time.Now()}
	return h.Accept(h.t.Context(), e, []byte(letter), local, remote)
}

func (h *house) toAnn() []directory.Recipient {
	return []directory.Recipient{{Address: h.ann.Address, User: h.ann}}
}

func (h *house) queued() []Item {
	h.t.Helper()
	items, err := h.List(h.t.Context())
	must(h.t, err)
	return items
}

// held reads what is to be sent.
func (h *house) held(id int64) (prefix, body string) {
	h.t.Helper()
	var held int64
	must(h.t, h.DB.Read(h.t.Context(), func(c *database.Conn) error {
		return c.QueryRow(`SELECT held, prefix FROM outbound WHERE id = ?`, id).Scan(&held, &prefix)
	}))
	b, err := h.Store.OpenHeld(h.t.Context(), store.HeldID(held))
	must(h.t, err)
	defer b.Close()
	var whole strings.Builder
	_, err = b.WriteTo(&whole)
	must(h.t, err)
	return prefix, whole.String()
}

// What was accepted is there after the folder was closed and opened again: row,
// wishes and body, and the copy of a recipient who is ours.
func TestHeldMailIsDurable(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	m := &Message{
		Account: h.ann.ID, Sender: "ann@home.example", Body: "8BITMIME", SMTPUTF8: true, RequireTLS: true, Ret: "HDRS", EnvID: "a+2Bb",
		Recipients: []Recipient{
			{Address: "bob@far.example", Notify: "SUCCESS,FAILURE", ORcpt: "rfc822;bob+2Bx@far.example"},
			{Address: "cem@far.example", Notify: "NEVER"},
			{Address: "bob@far.example"}, // twice is once
		},
	}
	must(t, h.accept(h.toAnn(), m))
	h.leave()
	h = enter(t, h.dir, h.zone)
	defer h.leave()
	items := h.queued()
	if len(items) != 1 {
		t.Fatalf("queued %+v", items)
	}
	want := *m
	want.Recipients = m.Recipients[:2]
	if diff := cmp.Diff(want, items[0].Message); diff != "" {
		t.Error(diff)
	}
	if mail := h.inbox(); len(mail) != 1 || !strings.HasSuffix(mail[0], letter) {
		t.Errorf("Ann has %q", mail)
	}
	prefix, body := h.held(items[0].ID)
	if body != letter {
		t.Errorf("the body is %q", body)
	}
	if !strings.HasPrefix(prefix, "Received: by mx.home.example (Letterbox) with ESMTPSA id ID;") || strings.Contains(prefix, "Delivered-To") {
		t.Errorf("the lines before it are %q", prefix)
	}
	if size := int64(len(prefix) + len(body)); items[0].Size != size {
		t.Errorf("size %d, want %d", items[0].Size, size)
	}
}

// When the copy of a recipient who is ours cannot be kept, nothing is queued.
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	defer h.leave()
	must(t, h.Store.SetLimit(t.Context(), store.AccountID(h.ann.ID), quota.Limit{Bytes: 10}))
	err := h.accept(h.toAnn(), &Message{Recipients: people("bob@far.example")})
	if !errors.As(err, new(*quota.OverError)) {
		t.Errorf("accepted: %v", err)
	}
	if items := h.queued(); len(items) != 0 || len(h.inbox()) != 0 {
		t.Errorf("queued %+v, and Ann has %q", items, h.inbox())
	}
}

// What comes back to an address that leads elsewhere is not sent again.
func TestForwardLoop(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	defer h.leave()
	remote := &Message{Sender: "bob@far.example", Recipients: []Recipient{{Address: "cem@far.example", By: "away@home.example"}}}
	e := delivery.Envelope{ID: "ID", Sender: "bob@far.example", For: "away@home.example", Protocol: "ESMTP", Received: time.Now()}
	must(t, h.Accept(t.Context(), e, []byte(letter), nil, remote))
	prefix, body := h.held(h.queued()[0].ID)
	if !strings.HasPrefix(prefix, "Delivered-To: away@home.example\r\nReceived: ") {
		t.Errorf("the lines before it are %q", prefix)
	}
	if err := h.Accept(t.Context(), e, []byte(prefix+body), nil, remote); !errors.Is(err, delivery.ErrLoop) {
		t.Errorf("accepted again: %v", err)
	}
	if items := h.queued(); len(items) != 1 {
		t.Errorf("queued %+v", items)
	}
}

// A message that is dropped leaves others with the same body alone.
func TestDrop(t *testing.T) {
	t.Parallel()
	h := build(t, "")
	defer h.leave()
	h.submit("bob@far.example")
	h.submit("cem@far.example")
	first := h.queued()[0].ID
	must(t, h.Drop(t.Context(), first))
	if err := h.Drop(t.Context(), first); !errors.Is(err, ErrNotFound) {
		t.Errorf("dropped twice: %v", err)
	}
	left := h.queued()
	if len(left) != 1 || !slices.Equal(left[0].Recipients, people("cem@far.example")) {
		t.Fatalf("left: %+v", left)
	}
	must(t, h.Store.Sweep(t.Context(), 0))
	if _, body := h.held(left[0].ID); body != letter {
		t.Errorf("its body is %q", body)
	}
}

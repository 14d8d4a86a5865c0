package store

import (
	"bytes"
	"errors"
	"testing"
)

func TestURLKeys(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx, in := t.Context(), h.box("INBOX")
	key := func(m MailboxID, who AccountID) []byte {
		t.Helper()
		k, err := h.MakeURLKey(ctx, m, who)
		must(t, err)
		return k
	}
	if k, err := h.URLKey(ctx, in, alice); k != nil || err != nil {
		t.Errorf("a key that nobody made: %x, %v", k, err)
	}
	first := key(in, alice)
	if len(first) < 16 || !bytes.Equal(first, key(in, alice)) {
		t.Errorf("key %x, then another", first)
	}
	if bytes.Equal(first, key(in, bob)) || bytes.Equal(first, key(h.box("Sent"), alice)) {
		t.Error("others have the same key")
	}
	must(t, h.ResetURLKey(ctx, in, alice))
	second := key(in, alice)
	if bytes.Equal(first, second) {
		t.Error("the key was not replaced")
	}
	must(t, h.RemoveURLKeys(ctx, alice))
	if k, _ := h.URLKey(ctx, in, alice); k != nil {
		t.Error("the key was not removed")
	}
	key(in, alice)
	sent := h.box("Sent")
	key(sent, bob)
	must(t, h.DeleteMailbox(ctx, alice, "Sent"))
	if err := h.ResetURLKey(ctx, sent, alice); !errors.Is(err, ErrNotFound) {
		t.Errorf("of a deleted mailbox: %v", err)
	}
	must(t, h.RemoveAccount(ctx, alice))
	if n := h.count(`SELECT count(*) FROM url_key`); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

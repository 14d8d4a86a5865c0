package store

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sized is a message of about so many bytes.
func sized(n int) []byte {
	return append([]byte("Subject: large\r\n\r\n"), bytes.Repeat([]byte("0123456789abcde\n"), n/16)...)
}

func TestLargest(t *testing.T) {
	t.Parallel()
	h := build(t)
	in, sent := h.box("INBOX"), h.box("Sent")
	h.fill(in, 5)
	h.put(in, sized(3000))
	h.put(sent, sized(9000))
	h.put(in, sized(6000))
	_, err := h.Copy(t.Context(), in, uids(7), sent) // is there twice, and counts twice
	must(t, err)
	list, err := h.Largest(t.Context(), alice, 4)
	must(t, err)
	var got []string
	for _, l := range list {
		got = append(got, l.Mailbox)
		if !bytes.Contains(l.Header, []byte("Subject: large")) || l.Received.IsZero() {
			t.Errorf("%+v", l)
		}
	}
	if want := []string{"Sent", "INBOX", "Sent", "INBOX"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if list, err := h.Largest(t.Context(), alice+1000, 4); err != nil || len(list) != 0 {
		t.Errorf("of somebody else: %v, %v", list, err)
	}
}

func TestStale(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.fill(h.box("INBOX"), 3)
	h.fill(h.box("Trash"), 2)
	now := time.Now()
	list, err := h.Stale(t.Context(), alice, now.Add(time.Hour))
	must(t, err)
	if len(list) != 1 || list[0].Messages != 2 || list[0].Bytes <= 0 {
		t.Errorf("%+v", list)
	}
	list, err = h.Stale(t.Context(), alice, now.Add(-time.Hour))
	must(t, err)
	if diff := cmp.Diff([]Stale(nil), list); diff != "" {
		t.Errorf("what is new is old: %s", diff)
	}
}

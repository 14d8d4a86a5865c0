package store

import (
	"bytes"
	"slices"
	"testing"
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

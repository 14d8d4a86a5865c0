package store

import (
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// TestCensus: a message is known by its bytes as clients see them and its date,
// and as often as it was there.
func TestCensus(t *testing.T) {
	t.Parallel()
	h := build(t)
	at := time.Unix(1e9, 0)
	inbox := h.box("INBOX")
	_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{
		{Mailbox: inbox, Raw: letter(1), Received: at},
		{Mailbox: inbox, Raw: letter(1), Received: at},
		{Mailbox: inbox, Raw: letter(2), Received: at, Prefix: []byte("Delivered-To: x\r\n")},
		{Mailbox: h.box("Sent"), Raw: letter(3), Received: at},
	}})
	must(t, err)
	census, err := h.Census(t.Context(), inbox)
	must(t, err)
	h.put(inbox, letter(4)) // later
	for i, test := range []struct {
		raw  string
		at   time.Time
		want bool
	}{
		{string(letter(1)), at.Add(time.Second), false},
		{string(letter(1)), at, true},
		{string(letter(1)), at, true},
		{string(letter(1)), at, false},
		{string(letter(2)), at, false},
		{"Delivered-To: y\r\n" + string(letter(2)), at, false},
		{"Delivered-To: x\r\n" + string(letter(2)), at, true},
		{string(letter(3)), at, false},
		{string(letter(4)), at, false},
	} {
		if got, err := census.Claim(t.Context(), []byte(test.raw), test.at); got != test.want || err != nil {
			t.Errorf("claim %d: %v, %v; want %v", i, got, err, test.want)
		}
	}
}

// TestCensusOfMany walks in chunks.
func TestCensusOfMany(t *testing.T) {
	t.Parallel()
	h := build(t)
	inbox := h.box("INBOX")
	h.fill(inbox, chunkRows+10)
	_, err := h.SetFlags(t.Context(), inbox, span(5, 7), FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	must(t, err)
	_, _, err = h.Expunge(t.Context(), inbox, nil)
	must(t, err)
	census, err := h.Census(t.Context(), inbox)
	must(t, err)
	known := 0
	for i := range chunkRows + 10 {
		had, err := census.Claim(t.Context(), letter(i), time.Unix(int64(i), 0))
		must(t, err)
		if had {
			known++
		}
	}
	if known != chunkRows+7 {
		t.Errorf("%d are known, want %d", known, chunkRows+7)
	}
}
